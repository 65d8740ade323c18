/* Density and cdf of stable laws by the map of Chambers, Mallows and Stuck (1976): given the angle u, a variate Z(u,
 * e) is monotone in the exponential e, and the e that gives x is exp(t(u)) with, in Nolan's (1997) notation (S0
 * parameterization, zeta = -beta tan(pi alpha / 2), theta0 = atan(-zeta) / alpha, eps = 1 - alpha, v = u + theta0),
 *   t = log(cos(eps v - theta0) / (cos(alpha theta0) cos u)) - alpha / eps log R,
 *   R = (x - zeta) cos(alpha theta0) cos u / sin(alpha v).
 * So f(x) = alpha / (pi |eps (x - zeta)|) int exp(t - exp(t)) dv for x > zeta, v in (0, pi/2 + theta0): positive
 * integrands, so that tails keep their relative accuracy. eps (x - zeta) and log R / eps are written so that alpha =
 * 1 is no exception. Derivatives are taken under the integral, over the fixed variable y = log(v / w), w = pi/2 - u. */
#include <math.h>

#include "constants.h"
#include "special.h"

static const double pi = RP_PI, half_pi = RP_PI / 2;

/* A number with its derivative in one direction. */
typedef struct {
  double v, d;
} dual;

static dual constant(double v) { return (dual){v, 0}; }
static dual add(dual a, dual b) { return (dual){a.v + b.v, a.d + b.d}; }
static dual sub(dual a, dual b) { return (dual){a.v - b.v, a.d - b.d}; }
static dual mul(dual a, dual b) { return (dual){a.v * b.v, a.d * b.v + a.v * b.d}; }
static dual divide(dual a, dual b) { return (dual){a.v / b.v, (a.d - a.v / b.v * b.d) / b.v}; }
static dual times(double k, dual a) { return (dual){k * a.v, k * a.d}; }
static dual log_of(dual a) { return (dual){log(a.v), a.d / a.v}; }
static dual sin_of(dual a) { return (dual){sin(a.v), cos(a.v) * a.d}; }
static dual angle_of(dual y, dual x) { /* atan2 */
  double r = x.v * x.v + y.v * y.v;
  return (dual){atan2(y.v, x.v), (x.v * y.d - y.v * x.d) / r};
}
/* sin(z) / z */
static dual sinc_of(dual a) {
  double z = a.v;
  if (fabs(z) < 1e-3) return (dual){1 - z * z / 6, -z / 3 * a.d};
  return (dual){sin(z) / z, (cos(z) - sin(z) / z) / z * a.d};
}
/* log(1 + eps d) / eps, eps not 0 */
static dual log1p_ratio(dual eps, dual d) {
  dual product = mul(eps, d);
  dual logarithm = {log1p(product.v), product.d / (1 + product.v)};
  return divide(logarithm, eps);
}

/* What does not depend on v; x > zeta. */
typedef struct {
  dual x, alpha, eps, tau, distance; /* tau = -eps zeta; distance = |eps x + tau| */
  dual hypotenuse;                   /* of eps and tau: |eps| / cos(alpha theta0) */
  dual theta0, gap;                  /* gap = pi/2 - theta0 */
  dual range;                        /* pi/2 + theta0 */
  double sign;                       /* of eps */
} law;

static int prepare(law *l, dual x, dual alpha, dual beta);
static dual log_time(const law *l, double y, dual *width);
static double root(const law *l, double target);

typedef enum { DENSITY, EXP_TAIL, ONE_MINUS_EXP } integrand_kind;
typedef struct {
  const law *law;
  integrand_kind kind;
  double shift; /* subtracted on the log scale */
  double slope; /* out: derivative of the log integrand */
} integrand;

static double log_integrand(integrand *f, double y);
static dual integral(integrand *f);

/* ---- public ---- */

/* Standard law, direction 0 (x), 1 (alpha), 2 (beta) of the derivative. */
static dual log_density(double x, double alpha, double beta, int direction) {
  if (!(alpha > 0 && alpha <= 2 && fabs(beta) <= 1) || isnan(x)) return (dual){NAN, NAN};
  if (isinf(x)) return (dual){-INFINITY, 0};
  if (alpha == 2 && direction != 1) return (dual){-0.25 * x * x - 0.5 * log(4 * pi), direction == 0 ? -0.5 * x : 0};
  dual z = {x, direction == 0}, a = {alpha, direction == 1}, b = {beta, direction == 2};
  law l;
  int side = prepare(&l, z, a, b);
  if (side == 0) return (dual){-INFINITY, 0};
  integrand f = {.law = &l, .kind = DENSITY};
  dual value = integral(&f);
  value = add(value, sub(log_of(l.alpha), log_of(l.distance)));
  return (dual){value.v - log(pi), value.d};
}

/* Where the law is Cauchy's but for a millionth the spike of the integrand is narrower than numbers can tell: an
 * expansion there. */
static int near_cauchy(double alpha, double beta) { return fabs(1 - alpha) + fabs(beta) < 2e-6; }

static double difference(double x, int direction) {
  const double h = 0.02;
  double at[4];
  for (int k = 0; k < 4; k++) {
    double s = (double[]){-2, -1, 1, 2}[k] * h;
    at[k] = log_density(x, direction == 1 ? 1 + s : 1, direction == 2 ? s : 0, 0).v;
  }
  return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h);
}

double rp_sf_stable_log_density(double x, double alpha, double beta) {
  if (near_cauchy(alpha, beta)) {
    double value = -log(pi) - log1p(x * x);
    if (alpha != 1) value += (alpha - 1) * difference(x, 1);
    return beta == 0 ? value : value + beta * difference(x, 2);
  }
  return log_density(x, alpha, beta, 0).v;
}

/* At zeta the terms of the slope cancel: between two points around it the slope is all but linear. */
double rp_sf_stable_slope(double x, double alpha, double beta, int direction) {
  const double near = 1e-4;
  if (near_cauchy(alpha, beta)) return direction == 0 ? -2 * x / (1 + x * x) : difference(x, direction);
  double beyond = x + beta * tan(half_pi * alpha);
  if (!(fabs(beyond) < near) || fabs(beta) == 1) return log_density(x, alpha, beta, direction).d;
  double left = log_density(x - beyond - near, alpha, beta, direction).d;
  double right = log_density(x - beyond + near, alpha, beta, direction).d;
  return left + (right - left) * (0.5 + 0.5 * beyond / near);
}

/* log P(X > x) is log P(X < -x) of the mirrored law. */
double rp_sf_stable_log_cdf(double x, double alpha, double beta) {
  if (!(alpha > 0 && alpha <= 2 && fabs(beta) <= 1) || isnan(x)) return NAN;
  if (isinf(x)) return x > 0 ? 0 : -INFINITY;
  if (alpha == 2) return rp_sf_log_pnorm(x / sqrt(2));
  if (near_cauchy(alpha, beta)) return log(x < 0 ? atan(-1 / x) / pi : 0.5 + atan(x) / pi);
  law l;
  int side = prepare(&l, constant(x), constant(alpha), constant(beta));
  if (side == 0) return l.distance.v < 0 ? -INFINITY : 0;
  /* beyond zeta: above it P(X < x), below it, mirrored, P(X > x) */
  integrand f = {.law = &l, .kind = (l.sign > 0) == (side > 0) ? EXP_TAIL : ONE_MINUS_EXP};
  double mass = exp(integral(&f).v);
  return fmin(log((side > 0 ? mass + l.gap.v : mass) / pi), 0);
}

/* ---- the map ---- */

/* eps / tan(eps pi / 2) */
static dual slope_of_angle(dual eps) {
  double z = eps.v * half_pi;
  if (fabs(z) < 1e-3) return (dual){(1 - z * z / 3) / half_pi, -2 * z / 3 * eps.d};
  double cotangent = fabs(eps.v) > 0.5 ? tan(half_pi * (1 - eps.v)) : 1 / tan(z);
  return (dual){eps.v * cotangent, (cotangent - z * (1 + cotangent * cotangent)) * eps.d};
}

/* 1: x above zeta; -1: below, and everything is mirrored; 0: outside of the support (distance < 0: below it, else
 * above). */
static int prepare(law *l, dual x, dual alpha, dual beta) {
  const double least = 1e-10;
  dual eps = sub(constant(1), alpha);
  if (fabs(eps.v) < least) eps.v = eps.v < 0 ? -least : least; /* an error of that relative size */
  l->alpha = sub(constant(1), eps);
  l->eps = eps;
  l->sign = eps.v < 0 ? -1 : 1;
  dual tau = mul(beta, slope_of_angle(eps)), distance = add(mul(eps, x), tau);
  int side = distance.v * l->sign < 0 ? -1 : 1;
  l->x = times(side, x);
  l->tau = times(side, tau);
  l->distance = times(side * l->sign, distance);
  if (l->distance.v < least * fabs(eps.v)) l->distance.v = least * fabs(eps.v); /* the density is flat there */
  dual up = times(l->sign, l->tau), size = times(l->sign, eps);
  double h = hypot(eps.v, tau.v);
  l->hypotenuse = (dual){h, (eps.v * eps.d + tau.v * tau.d) / h};
  l->theta0 = divide(angle_of(up, size), l->alpha);
  dual turn = times(half_pi, eps); /* pi/2 -+ theta0 from the complement of the angle, which keeps small ones exact */
  l->gap = up.v > 0 ? divide(sub(angle_of(size, up), turn), l->alpha) : sub(constant(half_pi), l->theta0);
  l->range = up.v < 0 ? divide(sub(angle_of(size, times(-1, up)), turn), l->alpha) : add(constant(half_pi), l->theta0);
  if (l->gap.v < 4e-16) l->gap.v = 0; /* totally skewed: nothing but rounding */
  if (l->range.v > 1e-15 * half_pi) return side;
  l->distance.v = side > 0 ? 1 : -1;
  return 0;
}

/* t at v = range / (1 + exp(-y)); width: dv/dy. */
static dual log_time(const law *l, double y, dual *width) {
  double p = 1 / (1 + exp(-y)), q = 1 / (1 + exp(y));
  dual v = times(p, l->range), w = times(q, l->range), u = sub(constant(half_pi), w);
  dual sin_w = sin_of(w.v < half_pi ? w : add(v, l->gap)); /* cos u, exact at either end */
  dual sin_v = sin_of(mul(l->alpha, v)), over = mul(l->hypotenuse, sin_v), log_ratio;
  *width = times(q, v);
  if (fabs(l->eps.v) < 0.1) {
    dual half = times(0.5, mul(l->eps, u));
    dual curve = mul(mul(l->tau, mul(u, sinc_of(half))), sin_of(sub(u, half)));
    dual rest = sub(sub(mul(l->x, sin_w), sin_of(mul(l->alpha, u))), curve);
    log_ratio = log1p_ratio(l->eps, times(l->sign, divide(rest, over)));
  }
  if (fabs(l->eps.v) >= 0.1 || !isfinite(log_ratio.v))
    log_ratio = divide(sub(add(log_of(l->distance), log_of(sin_w)), log_of(over)), l->eps);
  dual arc = add(l->gap, mul(l->eps, v));
  dual start = divide(mul(l->hypotenuse, sin_of(arc)), times(l->sign, mul(l->eps, sin_w)));
  return sub(log_of(start), mul(l->alpha, log_ratio));
}

/* ---- quadrature ---- */

enum { FAR = 700 };

static double log_integrand(integrand *f, double y) {
  dual width, t = log_time(f->law, y, &width);
  double e = exp(t.v), value = log(width.v);
  f->slope = width.d / width.v;
  if (f->kind == DENSITY) {
    value += t.v - e;
    f->slope += (1 - e) * t.d;
  } else {
    value += f->kind == EXP_TAIL ? -e : log(-expm1(-e));
  }
  return isnan(value) ? -INFINITY : value;
}

/* y with t(y) = target; t is monotone. An end where there is none. */
static double root(const law *l, double target) {
  dual width;
  double from = -FAR, to = FAR;
  int rising = log_time(l, to, &width).v > log_time(l, from, &width).v;
  for (int k = 0; k < 70; k++) {
    double y = 0.5 * (from + to);
    if ((log_time(l, y, &width).v < target) == rising) from = y;
    else to = y;
  }
  return 0.5 * (from + to);
}

static const double nodes[8] = {
    0.991455371120812639206854697526, 0.949107912342758524526189684048, 0.864864423359769072789712788641,
    0.741531185599394439863864773281, 0.586087235467691130294144691694, 0.405845151377397166906606412077,
    0.207784955007898467600689403773, 0};
static const double kronrod[8] = {
    0.022935322010529224963732008059, 0.063092092629978553290700663189, 0.104790010322250183839876322542,
    0.140653259715525918745189590510, 0.169004726639267902826583426599, 0.190350578064785409913256402421,
    0.204432940075298892414161999235, 0.209482141084727828012999174892};
static const double gauss[4] = {
    0.129484966168869693270611432679, 0.279705391489276667901467771424, 0.381830050505118944950369775489,
    0.417959183673469387755102040816};

/* Gauss-Kronrod on one panel, halved while the two rules disagree; the better one's error is then about (200 times
 * that)^1.5. */
static dual panel(integrand *f, double from, double to, double total, int depth) {
  double center = 0.5 * (from + to), half = 0.5 * (to - from), check = 0;
  dual sum = {0, 0};
  for (int k = 0; k < 15; k++) {
    int at = k < 8 ? k : 14 - k;
    double y = center + (k < 8 ? -half : half) * nodes[at];
    double value = exp(log_integrand(f, y) - f->shift);
    sum.v += kronrod[at] * value;
    if (value > 0) sum.d += kronrod[at] * value * f->slope;
    if (at % 2 == 1) check += gauss[at / 2] * value;
  }
  if (depth < 8 && fabs(sum.v - check) * half > 3e-10 * (total + sum.v * half)) {
    dual left = panel(f, from, center, total, depth + 1);
    return add(left, panel(f, center, to, total, depth + 1));
  }
  return times(half, sum);
}

/* Log of the integral, with its derivative: panels that grow away from where exp(t) = 1, whatever the width of the
 * spike there. */
static dual integral(integrand *f) {
  double y0 = root(f->law, 0), step = 0.25 * fabs(root(f->law, -1) - y0), top = -INFINITY;
  if (!(step > 1e-13 * (1 + fabs(y0)))) step = 1e-13 * (1 + fabs(y0));
  if (step > 1) step = 1;
  for (double y = -40; y <= 40; y += 0.5) top = fmax(top, log_integrand(f, y));
  for (int k = -8; k <= 8; k++) top = fmax(top, log_integrand(f, fmin(fmax(y0 + k * step, -FAR), FAR)));
  f->shift = top;
  dual sum = {0, 0};
  for (int side = -1; side <= 1; side += 2) {
    double y = y0, size = step;
    while (side * y < FAR) {
      double next = y + side * size;
      if (side * next > FAR) next = side * FAR;
      dual part = panel(f, side < 0 ? next : y, side < 0 ? y : next, sum.v, 0);
      sum = add(sum, part);
      if (log_integrand(f, next) - top < -45 && side * (next - y0) > 0 && part.v < 1e-17 * sum.v) break;
      y = next;
      size *= 1.7;
      if (size > 8) size = 8;
    }
  }
  return (dual){top + log(sum.v), sum.d / sum.v};
}
