/* Constraints of constant arguments. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/linalg.h"
#include "family.h"

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
