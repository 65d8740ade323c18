/* Rolling unrolled loops back: the parts of rp_pass_roll().
 *
 * A pack is a list of scalar nodes, one per step of a loop: what one line of the loop's body made at each step.
 * Starting from a root pack (the elements of a concatenation, or the nodes along a chain that repeats itself),
 * roll_pack.c compares the steps operation by operation: nodes of the same operation become a pack whose inputs are
 * packs again; a pack that is another one shifted by a step is carried; what is the same at each step is invariant;
 * everything else is an external sequence. The packs of one loop are a group. roll_emit.c turns a group into vector
 * nodes and a scan.
 *
 * The original scalar nodes stay valid, so a group is right whatever was chosen as external: choices are about speed
 * only. */
#ifndef RP_GRAPH_ROLL_H
#define RP_GRAPH_ROLL_H

#include "graph.h"

typedef enum { PACK_PENDING, PACK_INVARIANT, PACK_EXTERNAL, PACK_OPERATION, PACK_CARRY } pack_kind;

typedef struct {
  rp_node_id *id; /* by step; RP_NONE at the last steps: there is no such node */
  pack_kind kind;
  rp_op op;
  int32_t n_in;
  int32_t in[3]; /* packs: inputs of an OPERATION; in[0] of a CARRY: the pack whose value of the step before it is */
  int32_t same_bucket; /* next pack with the same hash, -1: none */
} roll_pack;

typedef struct {
  int64_t n_steps;
  roll_pack *pack;
  int32_t n_packs, room, most_packs;
  int32_t *bucket; /* hash of the first two ids to a pack */
  uint32_t n_buckets;
  int64_t n_missing; /* steps at the end at which some pack has no element: they stay unrolled */
  int64_t failed_at; /* the step that does not fit, where building failed */
  enum { ROLL_NEW, ROLL_EMITTING, ROLL_DONE } state;
  rp_node_id *value; /* by pack, once emitted: the sequence, RP_NONE where it is not needed */
} roll_group;

/* Where a scalar node has gone. */
typedef struct {
  int32_t group, pack; /* group -1: nowhere */
  int64_t step;
} roll_home;

typedef struct {
  rp_graph *g;
  rp_node_id from;
  int32_t size;       /* of the graph when the pass began; arrays by id cover this */
  uint8_t *live;
  uint8_t *scalar;    /* 1: a live elementwise operation on scalars with an id >= from */
  int32_t *level;     /* length of the longest path of such nodes that ends here */
  rp_node_id *successor; /* the next element in a concatenation, RP_NONE */
  roll_home *home;
  uint32_t *dependent; /* == epoch: depends on an element of the root pack at hand */
  uint32_t epoch;
  roll_group **group;
  int32_t n_groups, group_room;
  int64_t budget;     /* node visits left; when they are used up the rest stays unrolled */
  rp_node_id *map;    /* old id to new id */
  rp_node_id *stack;
  int64_t n_stack, stack_room;
} rp_roll;

enum { ROLL_FEWEST_STEPS = 4 };

/* roll_pack.c: tries the roots (n of them, in time order, all of one operation) as one loop; on success adds the
 * group and gives its nodes a home. Where a step does not fit, the parts around it are tried. 0: no memory. */
int rp_roll_try(rp_roll *r, const rp_node_id *roots, int64_t n);
void rp_roll_group_free(roll_group *group);

/* roll_emit.c: the node that stands for an old node. */
rp_node_id rp_roll_get(rp_roll *r, rp_node_id id);

static inline int rp_roll_is_loose(const rp_roll *r, rp_node_id id) { /* a scalar operation without a home */
  return id != RP_NONE && r->scalar[id] && r->home[id].group < 0;
}

#endif
