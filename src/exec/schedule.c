/* In which stage is each item computed?
 *
 * Each item first goes to the earliest stage at which its inputs are complete. Then, from the last item to the
 * first, an item of a loop moves to the latest stage that its users allow and that has a loop of the same length, so
 * that one pass over the data does the work of several and intermediate vectors need not be stored. */
#include <limits.h>
#include <stdlib.h>

#include "plan.h"

#define MOST_COUNTERS (1 << 24)
#define MERGE_ROUNDS 4

/* How many stages after its input q must an item come at least; -1: the input is there from the beginning. Within a
 * stage scalars come before arrays and arrays before loops. */
static int32_t distance(const rp_plan *plan, int32_t q, const rp_item *user) {
  const rp_item *input = &plan->items[rp_plan_root(plan, q)];
  switch (input->kind) {
  case RP_ITEM_SCALAR: return 0;
  case RP_ITEM_ARRAY: return user->kind == RP_ITEM_SCALAR;
  case RP_ITEM_LOOP:
    return !(user->kind == RP_ITEM_LOOP && user->length == input->length && !rp_needs_all(user->op) &&
             plan->items[q].kind != RP_ITEM_VIEW && !rp_is_reduction(input->op));
  default: return -1;
  }
}

static int is_scheduled(const rp_item *item) {
  return item->kind == RP_ITEM_SCALAR || item->kind == RP_ITEM_ARRAY || item->kind == RP_ITEM_LOOP;
}

static int32_t schedule_early(rp_plan *plan) {
  int32_t n_stages = 1;
  for (int32_t i = 0; i < plan->n_items; i++) {
    rp_item *item = &plan->items[i];
    if (!is_scheduled(item)) continue;
    int32_t stage = 0;
    for (int32_t k = 0; k < item->n_in; k++) {
      const int32_t gap = distance(plan, item->in[k], item);
      const int32_t earliest = plan->items[rp_plan_root(plan, item->in[k])].stage + gap;
      if (gap >= 0 && earliest > stage) stage = earliest;
    }
    item->stage = stage;
    if (stage >= n_stages) n_stages = stage + 1;
  }
  return n_stages;
}

/* The latest stage that the users of value id (the item itself, a view of it, a second result) allow. */
static int32_t latest_stage(const rp_plan *plan, int32_t id, int32_t latest) {
  const rp_item *value = &plan->items[id];
  for (int32_t k = 0; k < value->n_uses; k++) {
    const int32_t user_id = plan->uses[value->first_use + k];
    const rp_item *user = &plan->items[user_id];
    if (user->kind == RP_ITEM_VIEW) {
      latest = latest_stage(plan, user_id, latest);
    } else {
      const int32_t allowed = user->stage - distance(plan, id, user);
      if (allowed < latest) latest = allowed;
    }
  }
  return latest;
}

typedef struct {
  int64_t *lengths; /* distinct loop lengths, ascending */
  int32_t n_lengths, n_stages;
  int32_t *count; /* [length][stage]: items of such loops */
} loop_table;

static int compare_lengths(const void *a, const void *b) {
  const int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
  return (x > y) - (x < y);
}

static int32_t *row_of(const loop_table *table, int64_t length) {
  int32_t low = 0, high = table->n_lengths - 1;
  while (low < high) {
    const int32_t middle = low + (high - low) / 2;
    if (table->lengths[middle] < length) low = middle + 1;
    else high = middle;
  }
  return table->count + (int64_t) low * table->n_stages;
}

/* Without memory for the table, or with too many lengths and stages, nothing is merged; the program is right all the
 * same. */
static int build_table(const rp_plan *plan, loop_table *table) {
  table->lengths = malloc(((size_t) plan->n_items + 1) * sizeof *table->lengths);
  if (!table->lengths) return 0;
  int32_t n = 0;
  for (int32_t i = 0; i < plan->n_items; i++) {
    if (plan->items[i].kind == RP_ITEM_LOOP) table->lengths[n++] = plan->items[i].length;
  }
  qsort(table->lengths, (size_t) n, sizeof *table->lengths, compare_lengths);
  for (int32_t i = 0; i < n; i++) {
    if (table->n_lengths == 0 || table->lengths[i] != table->lengths[table->n_lengths - 1]) {
      table->lengths[table->n_lengths++] = table->lengths[i];
    }
  }
  if (n == 0 || (int64_t) table->n_lengths * table->n_stages > MOST_COUNTERS) return 0;
  table->count = calloc((size_t) table->n_lengths * (size_t) table->n_stages, sizeof *table->count);
  if (!table->count) return 0;
  for (int32_t i = 0; i < plan->n_items; i++) {
    if (plan->items[i].kind == RP_ITEM_LOOP) row_of(table, plan->items[i].length)[plan->items[i].stage]++;
  }
  return 1;
}

static void merge_late(rp_plan *plan, int32_t n_stages) {
  loop_table table = {.n_stages = n_stages};
  int moved = build_table(plan, &table);
  for (int round = 0; moved && round < MERGE_ROUNDS; round++) {
    moved = 0;
    for (int32_t i = plan->n_items - 1; i >= 0; i--) {
      rp_item *item = &plan->items[i];
      if (item->kind != RP_ITEM_LOOP) continue;
      int32_t latest = latest_stage(plan, i, n_stages - 1);
      if (item->second >= 0) latest = latest_stage(plan, item->second, latest);
      int32_t *count = row_of(&table, item->length);
      int32_t stage = latest;
      while (stage > item->stage && count[stage] == 0) stage--;
      if (stage <= item->stage) continue;
      count[item->stage]--;
      count[stage]++;
      item->stage = stage;
      moved = 1;
    }
  }
  free(table.lengths);
  free(table.count);
}

typedef struct {
  int32_t stage, kind, id;
  int64_t length;
} sort_key;

static int compare_keys(const void *a, const void *b) {
  const sort_key *x = a, *y = b;
  if (x->stage != y->stage) return x->stage < y->stage ? -1 : 1;
  if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
  if (x->length != y->length) return x->length < y->length ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

rp_code rp_plan_schedule(rp_plan *plan, rp_status *status) {
  const int32_t n_stages = schedule_early(plan);
  merge_late(plan, n_stages);
  sort_key *keys = malloc(((size_t) plan->n_items + 1) * sizeof *keys);
  plan->order = malloc(((size_t) plan->n_items + 1) * sizeof *plan->order);
  plan->groups = malloc(((size_t) plan->n_items + 1) * sizeof *plan->groups);
  if (!keys || !plan->order || !plan->groups) {
    free(keys);
    return rp_fail_memory(status, "the plan of a program");
  }
  int32_t n = 0;
  for (int32_t i = 0; i < plan->n_items; i++) {
    const rp_item *item = &plan->items[i];
    if (is_scheduled(item))
      keys[n++] = (sort_key){item->stage, (int32_t) item->kind, i, item->kind == RP_ITEM_LOOP ? item->length : 0};
  }
  qsort(keys, (size_t) n, sizeof *keys, compare_keys);
  for (int32_t i = 0; i < n; i++) {
    const int same = i > 0 && keys[i].stage == keys[i - 1].stage && keys[i].kind == keys[i - 1].kind &&
                     keys[i].length == keys[i - 1].length;
    if (!same) {
      plan->groups[plan->n_groups++] =
        (rp_group){.kind = (rp_item_kind) keys[i].kind, .stage = keys[i].stage, .length = keys[i].length, .first = i};
    }
    plan->groups[plan->n_groups - 1].n++;
    plan->order[i] = keys[i].id;
    plan->items[keys[i].id].group = plan->n_groups - 1;
  }
  free(keys);
  return RP_OK;
}
