/* Joins neighbouring operations: multiply-add, sum of products, and pairs of functions of one argument that share
 * their work. */
#include "plan.h"

/* An item that only one other item uses and that can therefore be absorbed by it. */
static int is_private(const rp_item *item) { return item->n_uses == 1 && !item->is_output; }

static void absorb(rp_item *item) {
  item->kind = RP_ITEM_DEAD;
  item->n_in = 0;
}

/* The factors of a product or square; 0 when the item is neither. */
static int factors(const rp_item *item, int32_t *a, int32_t *b) {
  if (item->op != RP_OP_MUL && item->op != RP_OP_SQUARE) return 0;
  *a = item->in[0];
  *b = item->in[item->n_in - 1];
  return 1;
}

/* x + a b, x - a b, a b - x */
static void fuse_multiply_add(rp_plan *plan, rp_item *item, int32_t **spare) {
  if (item->op != RP_OP_ADD && item->op != RP_OP_SUB) return;
  for (int k = 1; k >= 0; k--) {
    rp_item *product = &plan->items[item->in[k]];
    int32_t a, b;
    if (product->n != item->n || !is_private(product) || !factors(product, &a, &b)) continue;
    const int32_t other = item->in[1 - k];
    if (other == item->in[k]) continue;
    item->op = item->op == RP_OP_ADD ? RP_X_FMA : k == 1 ? RP_X_FNMA : RP_X_FMS;
    item->in = *spare;
    *spare += 3;
    item->n_in = 3;
    item->in[0] = a;
    item->in[1] = b;
    item->in[2] = other;
    absorb(product);
    return;
  }
}

/* -(a b) */
static void fuse_minus(rp_plan *plan, rp_item *item) {
  if (item->op != RP_OP_NEG) return;
  rp_item *product = &plan->items[item->in[0]];
  if (product->op != RP_OP_MUL || !is_private(product)) return;
  item->op = RP_X_NMUL;
  item->in = product->in;
  item->n_in = 2;
  absorb(product);
}

static void fuse_dot(rp_plan *plan, rp_item *item, int32_t **spare) {
  if (item->op != RP_OP_SUM) return;
  rp_item *product = &plan->items[item->in[0]];
  int32_t a, b;
  if (product->kind != RP_ITEM_LOOP || !is_private(product) || !factors(product, &a, &b)) return;
  if (plan->items[a].n != product->n || plan->items[b].n != product->n) return;
  item->op = RP_X_DOT;
  item->in = *spare;
  *spare += 2;
  item->n_in = 2;
  item->in[0] = a;
  item->in[1] = b;
  absorb(product);
}

/* f(x) and g(x) become one item with two results: `first` is the operation whose value is stored first. */
static void fuse_pair(rp_plan *plan, int32_t id, int32_t first, int32_t second, int32_t joint) {
  rp_item *item = &plan->items[id];
  if (item->op != first && item->op != second) return;
  const rp_item *argument = &plan->items[item->in[0]];
  for (int32_t k = 0; k < argument->n_uses; k++) {
    const int32_t other_id = plan->uses[argument->first_use + k];
    rp_item *other = &plan->items[other_id];
    if (other_id <= id || other->op != (item->op == first ? second : first)) continue;
    item->second = other_id;
    other->kind = RP_ITEM_SECOND;
    other->base = id;
    other->offset = item->op == first; /* 1: its value is the joint operation's second */
    other->op = joint;
    other->n_in = 0;
    item->op = joint;
    return;
  }
}

void rp_plan_fuse(rp_plan *plan) {
  int32_t *spare = plan->spare;
  for (int32_t i = 0; i < plan->n_items; i++) {
    rp_item *item = &plan->items[i];
    fuse_multiply_add(plan, item, &spare);
    fuse_dot(plan, item, &spare);
    fuse_minus(plan, item);
    if (item->kind != RP_ITEM_LOOP && item->kind != RP_ITEM_SCALAR) continue;
    fuse_pair(plan, i, RP_OP_LGAMMA, RP_OP_DIGAMMA, RP_X_LGAMMA_DIGAMMA);
    fuse_pair(plan, i, RP_OP_LOG1P_EXP, RP_OP_SIGMOID, RP_X_SOFTPLUS_SIGMOID);
  }
}
