/* Constraints of arguments: of constants as numbers, of others as nodes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/linalg.h"
#include "family.h"
#include "terms.h"

static int is_triangular(const double *x, int64_t n);
static int is_positive_definite(const double *x, int64_t n);

/* Side of a square matrix with n numbers, 0 if there is none. */
static int64_t side(int64_t n) {
  int64_t k = (int64_t) (sqrt((double) n) + 0.5);
  return k * k == n ? k : 0;
}

static int number_holds(rp_constraint constraint, double x) {
  switch (constraint) {
  case RP_ARG_REAL:
    return isfinite(x);
  case RP_ARG_POSITIVE:
    return x > 0 && isfinite(x);
  case RP_ARG_NONNEGATIVE:
    return x >= 0 && isfinite(x);
  case RP_ARG_UNIT:
    return x >= 0 && x <= 1;
  case RP_ARG_COUNT:
    return x >= 0 && x == floor(x) && isfinite(x);
  case RP_ARG_POSITIVE_COUNT:
    return x >= 1 && x == floor(x) && isfinite(x);
  case RP_ARG_SIMPLEX:
    return x >= 0 && isfinite(x);
  default:
    return !isnan(x);
  }
}

int rp_constraint_holds(rp_constraint constraint, const double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (!number_holds(constraint, x[i])) return 0;
  if (constraint == RP_ARG_CHOLESKY) return is_triangular(x, side(n));
  if (constraint == RP_ARG_POSITIVE_DEFINITE) return is_positive_definite(x, side(n));
  if (constraint == RP_ARG_SIMPLEX) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    return sum > 0;
  }
  return 1;
}

const char *rp_constraint_name(rp_constraint constraint) {
  switch (constraint) {
  case RP_ARG_REAL:
    return "finite";
  case RP_ARG_POSITIVE:
    return "positive";
  case RP_ARG_NONNEGATIVE:
    return "nonnegative";
  case RP_ARG_UNIT:
    return "in [0, 1]";
  case RP_ARG_COUNT:
    return "a whole number, 0 or more";
  case RP_ARG_POSITIVE_COUNT:
    return "a whole number, 1 or more";
  case RP_ARG_SIMPLEX:
    return "nonnegative and not all 0";
  case RP_ARG_CHOLESKY:
    return "a lower triangular matrix with a positive diagonal";
  case RP_ARG_POSITIVE_DEFINITE:
    return "a symmetric positive definite matrix";
  case RP_ARG_ANY:
    break;
  }
  return "not NaN";
}

/* A bound of 0 that is open counts as kept at 0, which sites meet with probability 0. */
rp_node_id rp_numbers_hold(rp_graph *g, rp_constraint constraint, rp_node_id x) {
  rp_node_id zero = rp_const(g, 0), one = rp_const(g, 1);
  int open = constraint == RP_ARG_POSITIVE, unit = constraint == RP_ARG_UNIT;
  if (!open && !unit && constraint != RP_ARG_NONNEGATIVE && constraint != RP_ARG_SIMPLEX) return one;
  rp_range range = rp_range_of(g, x);
  rp_node_id above = range.lower >= 0 ? one : open ? rp_lt(g, zero, x) : rp_le(g, zero, x);
  return !unit || range.upper <= 1 ? above : rp_mul(g, above, rp_le(g, x, one));
}

rp_node_id rp_arguments_hold(rp_graph *g, const rp_family *family, const rp_node_id *arguments, int64_t n_events,
                             int scale_too) {
  rp_node_id all = rp_const(g, 1);
  for (int32_t k = 0; k < family->n_arguments; k++) {
    if (arguments[k] == RP_NONE || (k == family->scale && !scale_too)) continue;
    const rp_node *node = rp_graph_node(g, arguments[k]);
    if (node->op == RP_OP_CONST) continue; /* checked when the spec was decoded */
    const int64_t n = node->n;
    rp_node_id holds = rp_numbers_hold(g, family->arguments[k].constraint, arguments[k]);
    if (rp_is_all(g, holds, 1)) continue;
    if (n > 1 && n != n_events) {
      int64_t each = family->event_dim > 0 && n % n_events == 0 && n_events > 1 ? n_events : 1;
      holds = rp_not(g, rp_event_sum(g, rp_not(g, holds), each, n / each));
    }
    all = rp_mul(g, all, holds);
  }
  return all;
}

static int is_triangular(const double *x, int64_t n) {
  if (n == 0) return 0;
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i <= j; i++)
      if (i == j ? !(x[j * n + i] > 0) : x[j * n + i] != 0) return 0;
  return 1;
}

/* Symmetric up to rounding, with a Cholesky factor. Without memory for the copy the matrix passes: its density will
 * tell. */
static int is_positive_definite(const double *x, int64_t n) {
  if (n == 0 || n > INT32_MAX) return 0;
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < j; i++) {
      double a = x[j * n + i], b = x[i * n + j];
      if (!(fabs(a - b) <= 1e-8 * fmax(fabs(a), fabs(b)))) return 0;
    }
  double *copy = malloc((size_t) (n * n) * sizeof *copy);
  if (!copy) return 1;
  memcpy(copy, x, (size_t) (n * n) * sizeof *copy);
  int order = (int) n, info = 0;
  dpotrf_("U", &order, copy, &order, &info, 1);
  free(copy);
  return info == 0;
}
