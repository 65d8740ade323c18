#include "arena.h"

#include <stdint.h>
#include <stdlib.h>

enum { FIRST_BLOCK = 1 << 11, LARGEST_BLOCK = 1 << 18 };

struct rp_arena_block {
  rp_arena_block *next;
  size_t used, size; /* of the bytes after this header, which is 16-byte aligned */
  size_t unused;
};

static unsigned char *bytes_of(rp_arena_block *block) { return (unsigned char *) (block + 1); }

static rp_arena_block *new_block(size_t size) {
  if (size > SIZE_MAX - sizeof(rp_arena_block)) return NULL;
  rp_arena_block *block = malloc(sizeof *block + size);
  if (block == NULL) return NULL;
  *block = (rp_arena_block){.size = size};
  return block;
}

void *rp_arena_take(rp_arena *arena, size_t size, size_t alignment) {
  rp_arena_block *head = arena->blocks;
  if (head != NULL) {
    size_t start = (head->used + alignment - 1) & ~(alignment - 1);
    if (start <= head->size && size <= head->size - start) {
      head->used = start + size;
      return bytes_of(head) + start;
    }
  }
  size_t usual = head == NULL ? FIRST_BLOCK : head->size * 2 < LARGEST_BLOCK ? head->size * 2 : LARGEST_BLOCK;
  rp_arena_block *block = new_block(size > usual ? size : usual);
  if (block == NULL) return NULL;
  block->used = size;
  if (size > usual && head != NULL) { /* a large array gets a block of its own behind the one being filled */
    block->next = head->next;
    head->next = block;
  } else {
    block->next = head;
    arena->blocks = block;
  }
  return bytes_of(block);
}

void rp_arena_free(rp_arena *arena) {
  for (rp_arena_block *block = arena->blocks, *next; block != NULL; block = next) {
    next = block->next;
    free(block);
  }
  arena->blocks = NULL;
}
