/* Delta: all mass at one point; log density log_density there, -Inf elsewhere. */
#include "terms.h"

enum { VALUE, LOG_DENSITY };

RP_DENSITY(log_density) { return rp_guard(g, rp_eq(g, x, a[VALUE]), a[LOG_DENSITY]); }
RP_SAMPLE(sample) { *x = *a[VALUE]; }
RP_OF_ARGUMENTS(mean) { return a[VALUE]; }
RP_OF_ARGUMENTS(variance) { return rp_const(g, 0); }

const rp_family rp_family_delta = {
    .name = "delta",
    .n_arguments = 2,
    .arguments = {{"value", RP_ARG_REAL, 0}, {"log_density", RP_ARG_REAL, 0}},
    .support_kind = RP_SUPPORT_REAL,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .mean = mean,
    .variance = variance,
};
