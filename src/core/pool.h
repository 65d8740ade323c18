/* A pool: memory that lives and dies together (a decoded spec, a site table).
 *
 * rp_pool_alloc() returns zeroed, 16-byte-aligned memory or NULL; nothing is freed singly; rp_pool_free() frees all. */
#ifndef RP_CORE_POOL_H
#define RP_CORE_POOL_H

#include <stddef.h>
#include <stdint.h>

typedef struct rp_pool rp_pool;

rp_pool *rp_pool_new(void); /* NULL: no memory */
void rp_pool_free(rp_pool *pool);
void *rp_pool_alloc(rp_pool *pool, size_t bytes);
/* n items of the given size, NULL when n * size overflows; n = 0 gives a valid pointer. */
void *rp_pool_array(rp_pool *pool, int64_t n, size_t size);
char *rp_pool_text(rp_pool *pool, const char *text); /* a copy; NULL text gives "" */
/* printf into the pool */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
char *rp_pool_format(rp_pool *pool, const char *format, ...);

#endif
