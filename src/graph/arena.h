/* Memory that is given back all at once: a graph's inputs, constants and index vectors. */
#ifndef RP_GRAPH_ARENA_H
#define RP_GRAPH_ARENA_H

#include <stddef.h>

typedef struct rp_arena_block rp_arena_block;
typedef struct {
  rp_arena_block *blocks; /* newest first */
} rp_arena;

/* size bytes aligned to alignment (a power of two, at most 16), or NULL. */
void *rp_arena_take(rp_arena *arena, size_t size, size_t alignment);
void rp_arena_free(rp_arena *arena);

#endif
