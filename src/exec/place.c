/* Where does each value lie?
 *
 * A vector that is used up within its loop needs room for one block only, in a slot that it shares with others
 * before and after it; all slots of a loop stay in the first-level cache. Vectors that live longer get room for all
 * their elements, which is given to another vector when no later group reads it. Scalars have 8 doubles each. */
#include <limits.h>
#include <stdlib.h>

#include "plan.h"

/* 8 more than a block, so that equal positions of different slots do not fall on the same cache set. */
#define SLOT_SIZE (RP_BLOCK + 8)

static int64_t round_up(int64_t n) { return n <= 8 ? 8 : (n + 7) / 8 * 8; }

rp_place rp_plan_reserve(rp_plan *plan, int64_t n) {
  const rp_place place = {RP_IN_ARENA, plan->arena_size};
  plan->arena_size += round_up(n);
  return place;
}

rp_place rp_plan_reserve_constant(rp_plan *plan, int64_t n) {
  const rp_place place = {RP_IN_CONSTANTS, plan->constant_size};
  plan->constant_size += round_up(n);
  return place;
}

/* Marks what the users of a value ask of it. `from` is the item that computes it. */
static void look_at_users(rp_plan *plan, int32_t id, rp_item *from) {
  rp_item *value = &plan->items[id];
  if (value->is_output) value->last_group = INT32_MAX;
  for (int32_t k = 0; k < value->n_uses; k++) {
    const int32_t user_id = plan->uses[value->first_use + k];
    rp_item *user = &plan->items[user_id];
    if (user->kind == RP_ITEM_VIEW) {
      look_at_users(plan, user_id, from);
      value->is_whole = 1;
      if (user->last_group > value->last_group) value->last_group = user->last_group;
      continue;
    }
    if (user->group > value->last_group) value->last_group = user->group;
    if (user->kind == RP_ITEM_LOOP && !rp_needs_all(user->op)) value->is_splat = value->n == 1;
    if (user->kind != RP_ITEM_LOOP || rp_needs_all(user->op) || user->group != from->group) value->is_whole = 1;
  }
  if (value->is_output) value->is_whole = 1;
}

/* Slots for the vectors of one loop that do not outlive it; returns how many slots. */
typedef struct {
  int32_t *slot_end; /* per slot: the position in the loop after which it is free */
  int32_t *last_use; /* per item: the position of its last use */
  int32_t n_slots;
} slot_table;

static void take_slot(rp_plan *plan, slot_table *table, int32_t id, int32_t position) {
  rp_item *item = &plan->items[id];
  int32_t slot = 0;
  while (slot < table->n_slots && table->slot_end[slot] > position) slot++;
  if (slot == table->n_slots) table->n_slots++;
  table->slot_end[slot] = table->last_use[id] > position ? table->last_use[id] : position + 1;
  item->place = (rp_place){RP_IN_ARENA, (int64_t) slot * SLOT_SIZE};
}

static void place_in_slots(rp_plan *plan, const rp_group *group, slot_table *table) {
  for (int32_t k = 0; k < table->n_slots; k++) table->slot_end[k] = 0;
  for (int32_t k = 0; k < group->n; k++) {
    const rp_item *item = &plan->items[plan->order[group->first + k]];
    for (int32_t j = 0; j < item->n_in; j++) table->last_use[item->in[j]] = k;
  }
  for (int32_t k = 0; k < group->n; k++) {
    const int32_t id = plan->order[group->first + k];
    const rp_item *item = &plan->items[id];
    if (rp_is_reduction(item->op)) continue;
    if (!item->is_whole) take_slot(plan, table, id, k);
    if (item->second >= 0 && !plan->items[item->second].is_whole) take_slot(plan, table, item->second, k);
  }
}

/* Whole vectors and their reuse. */
typedef struct {
  int64_t offset, size;
  int32_t free_after; /* group */
} region;

typedef struct {
  region *regions;
  int32_t n;
} region_table;

static void place_whole(rp_plan *plan, region_table *table, rp_item *item, int32_t group) {
  const int64_t size = round_up(item->n * plan->lanes);
  int32_t best = -1;
  for (int32_t k = 0; k < table->n; k++) {
    const region *r = &table->regions[k];
    if (r->free_after < group && r->size >= size && r->size <= 2 * size &&
        (best < 0 || r->size < table->regions[best].size)) {
      best = k;
    }
  }
  if (best < 0) {
    best = table->n++;
    table->regions[best] = (region){.offset = rp_plan_reserve(plan, size).offset, .size = size};
  }
  table->regions[best].free_after = item->last_group > group ? item->last_group : group;
  item->place = (rp_place){RP_IN_ARENA, table->regions[best].offset};
}

/* Scalars that only their own group reads give their place to later ones of the group. */
typedef struct {
  int64_t *free; /* offsets of places */
  int32_t n_free;
  int32_t *last_use; /* per item: the position in the group of its last use */
} scalar_table;

static int is_local_scalar(const rp_item *item, int32_t group) {
  return item->kind == RP_ITEM_SCALAR && item->group == group && item->last_group == group && !item->is_output &&
         !item->is_splat && item->second < 0;
}

static void place_scalars(rp_plan *plan, scalar_table *table, int32_t g) {
  const rp_group *group = &plan->groups[g];
  table->n_free = 0;
  for (int32_t k = 0; k < group->n; k++) {
    const rp_item *item = &plan->items[plan->order[group->first + k]];
    for (int32_t j = 0; j < item->n_in; j++) table->last_use[item->in[j]] = k;
  }
  for (int32_t k = 0; k < group->n; k++) {
    rp_item *item = &plan->items[plan->order[group->first + k]];
    for (int32_t j = 0; j < item->n_in; j++) {
      const int32_t input = item->in[j];
      if (table->last_use[input] != k || !is_local_scalar(&plan->items[input], g)) continue;
      table->free[table->n_free++] = plan->items[input].place.offset;
      table->last_use[input] = -1; /* once, also when it is an input twice */
    }
    if (is_local_scalar(item, g) && table->n_free > 0) {
      item->place = (rp_place){RP_IN_ARENA, table->free[--table->n_free]};
    } else {
      item->place = rp_plan_reserve(plan, 8);
    }
    if (item->second >= 0) plan->items[item->second].place = rp_plan_reserve(plan, 8);
  }
}

static void place_value(rp_plan *plan, region_table *table, rp_item *item, int32_t group) {
  if (item->n == 1) item->place = rp_plan_reserve(plan, 8);
  else if (item->is_whole) place_whole(plan, table, item, group);
}

static void place_group(rp_plan *plan, region_table *table, int32_t g) {
  const rp_group *group = &plan->groups[g];
  /* partial sums side by side, so that one call clears them */
  for (int32_t k = 0; k < group->n; k++) {
    rp_item *item = &plan->items[plan->order[group->first + k]];
    if (item->kind == RP_ITEM_LOOP && rp_is_reduction(item->op) && item->op != RP_OP_SCATTER) {
      item->partials = rp_plan_reserve(plan, RP_PARTIALS * item->n * plan->lanes);
    }
  }
  for (int32_t k = 0; k < group->n; k++) {
    rp_item *item = &plan->items[plan->order[group->first + k]];
    if (item->kind == RP_ITEM_ARRAY || rp_is_reduction(item->op)) item->is_whole = 1;
    place_value(plan, table, item, g);
    if (item->second >= 0) place_value(plan, table, &plan->items[item->second], g);
  }
}

/* Whether a constant is needed once per lane: operations done by the evaluator, lane by lane, read the single copy. */
static int is_read_in_lanes(const rp_plan *plan, const rp_item *item) {
  for (int32_t k = 0; k < item->n_uses; k++) {
    const rp_item *user = &plan->items[plan->uses[item->first_use + k]];
    if (user->kind != RP_ITEM_ARRAY || rp_array_op_is_native(user->op)) return 1;
  }
  return item->is_output;
}

static void place_leaves(rp_plan *plan) {
  for (int32_t i = 0; i < plan->n_items; i++) {
    rp_item *item = &plan->items[i];
    if (item->kind != RP_ITEM_LEAF) continue;
    const int64_t size = item->n == 1 ? 8 : item->n * plan->lanes;
    const int in_lanes = is_read_in_lanes(plan, item);
    if (item->op != RP_OP_CONST) {
      if (item->n_uses > 0 || item->is_output) item->place = rp_plan_reserve(plan, size);
      continue;
    }
    if (in_lanes) item->place = rp_plan_reserve_constant(plan, size);
    if (!item->is_single) continue;
    item->single =
        in_lanes && (plan->lanes == 1 || item->n == 1) ? item->place : rp_plan_reserve_constant(plan, item->n);
  }
}

rp_code rp_plan_place(rp_plan *plan, rp_status *status) {
  const size_t n = (size_t) plan->n_items + 1;
  slot_table slots = {.slot_end = calloc(n, sizeof(int32_t)), .last_use = calloc(n, sizeof(int32_t))};
  region_table regions = {.regions = malloc(n * sizeof(region))};
  scalar_table scalars = {.free = malloc(n * sizeof(int64_t)), .last_use = slots.last_use};
  const int good = slots.slot_end && slots.last_use && regions.regions && scalars.free;
  if (good) {
    for (int32_t i = 0; i < plan->n_items; i++) {
      if (plan->items[i].kind != RP_ITEM_VIEW) look_at_users(plan, i, &plan->items[rp_plan_root(plan, i)]);
    }
    for (int32_t g = 0; g < plan->n_groups; g++) {
      if (plan->groups[g].kind == RP_ITEM_LOOP) place_in_slots(plan, &plan->groups[g], &slots);
    }
    plan->n_slots = slots.n_slots;
    plan->arena_size = (int64_t) slots.n_slots * SLOT_SIZE;
    place_leaves(plan);
    for (int32_t g = 0; g < plan->n_groups; g++) {
      if (plan->groups[g].kind == RP_ITEM_SCALAR) place_scalars(plan, &scalars, g);
      else place_group(plan, &regions, g);
    }
    for (int32_t i = 0; i < plan->n_items; i++) {
      rp_item *item = &plan->items[i];
      if (item->kind != RP_ITEM_VIEW) continue;
      item->place = plan->items[item->base].place;
      item->place.offset += item->offset * plan->lanes;
    }
  }
  free(slots.slot_end);
  free(slots.last_use);
  free(regions.regions);
  free(scalars.free);
  return good ? RP_OK : rp_fail_memory(status, "the plan of a program");
}
