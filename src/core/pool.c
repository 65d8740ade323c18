#include "pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 16, ALIGNMENT = 16 };

typedef struct block {
  struct block *next;
  size_t used, size;
  _Alignas(16) unsigned char bytes[];
} block;

struct rp_pool {
  block *head;
};

rp_pool *rp_pool_new(void) { return calloc(1, sizeof(rp_pool)); }

void rp_pool_free(rp_pool *pool) {
  if (!pool) return;
  for (block *b = pool->head; b;) {
    block *next = b->next;
    free(b);
    b = next;
  }
  free(pool);
}

void *rp_pool_alloc(rp_pool *pool, size_t bytes) {
  if (!pool || bytes > SIZE_MAX / 2) return NULL;
  bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (!pool->head || pool->head->size - pool->head->used < bytes) {
    size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    block *b = calloc(1, sizeof(block) + size);
    if (!b) return NULL;
    b->size = size;
    b->next = pool->head;
    pool->head = b;
  }
  void *place = pool->head->bytes + pool->head->used;
  pool->head->used += bytes;
  return place;
}

void *rp_pool_array(rp_pool *pool, int64_t n, size_t size) {
  if (n < 0 || (size > 0 && (uint64_t) n > SIZE_MAX / 2 / size)) return NULL;
  return rp_pool_alloc(pool, (size_t) n * size);
}

char *rp_pool_text(rp_pool *pool, const char *text) {
  size_t n = text ? strlen(text) : 0;
  char *copy = rp_pool_alloc(pool, n + 1);
  if (copy && n) memcpy(copy, text, n);
  return copy;
}

char *rp_pool_format(rp_pool *pool, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int n = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  char *text = n < 0 ? NULL : rp_pool_alloc(pool, (size_t) n + 1);
  if (text) vsnprintf(text, (size_t) n + 1, format, again);
  va_end(again);
  return text;
}
