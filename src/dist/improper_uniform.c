/* Improper uniform: adds nothing to the log density within (lower, upper), which may be infinite. It cannot be drawn
 * from. */
#include <math.h>

#include "terms.h"

enum { LOWER, UPPER };

RP_DENSITY(log_density) { return rp_const(g, 0); }

RP_SUPPORT_OF(support) {
  int has_lower = !rp_is_all(g, a[LOWER], -HUGE_VAL), has_upper = !rp_is_all(g, a[UPPER], HUGE_VAL);
  if (has_lower && has_upper) return (rp_support) {RP_SUPPORT_INTERVAL, a[LOWER], a[UPPER]};
  if (has_lower) return (rp_support) {RP_SUPPORT_LOWER, a[LOWER], RP_NONE};
  if (has_upper) return (rp_support) {RP_SUPPORT_UPPER, RP_NONE, a[UPPER]};
  return (rp_support) {RP_SUPPORT_REAL, RP_NONE, RP_NONE};
}

const rp_family rp_family_improper_uniform = {
    .name = "improper_uniform",
    .n_arguments = 2,
    .arguments = {{"lower", RP_ARG_ANY, 0}, {"upper", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_INTERVAL,
    .support = support,
    .log_density = log_density,
    .location = -1,
    .scale = -1,
};
