/* x = log(1 + exp(u)). */
#include "parts.h"

RP_FORWARD(forward) { return rp_log1p_exp(g, u); }
/* log(exp(x) - 1) = x + log(1 - exp(-x)). */
RP_INVERSE(inverse) { return rp_add(g, x, rp_log1m_exp(g, rp_neg(g, x))); }
RP_LOG_JACOBIAN(log_jacobian) { return rp_neg(g, rp_log1p_exp(g, rp_neg(g, u))); }

const rp_bijector rp_bijector_softplus = {
    .name = "softplus",
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .monotone = 1,
    .codomain = "positive",
};
