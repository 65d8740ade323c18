# Log densities by R's own functions (or, where R has none, by formulas written here) for tests/engine/test_dist.c:
#   Rscript tests/engine/dist_table.R > tests/engine/dist_table.h
real_x <- c(-1e8, -30, -2.5, -1e-3, 0, 0.7, 3, 55, 1e8)
positive_x <- c(1e-12, 1e-3, 0.4, 1, 2.5, 17, 1e3, 1e8)
unit_x <- c(1e-12, 1e-3, 0.3, 0.5, 0.9, 1 - 1e-9)
count_x <- c(0, 1, 2, 5, 17, 300)
families <- list(
  normal = list(function(x, m, s) dnorm(x, m, s, TRUE), list(c(0, 1), c(.5, 2), c(-3, 1e-3), c(1e3, 1e6)), real_x),
  lognormal = list(function(x, m, s) dlnorm(x, m, s, TRUE), list(c(0, 1), c(-2, .3), c(5, 4)), positive_x),
  uniform = list(function(x, a, b) dunif(x, a, b, TRUE), list(c(0, 1), c(-2, 5)), c(-3, -1, 0, .5, 1, 4, 6)),
  exponential = list(function(x, r) dexp(x, r, TRUE), list(1, .01, 300), c(0, positive_x, -1)),
  half_normal = list(function(x, s) ifelse(x < 0, -Inf, log(2) + dnorm(x, 0, s, TRUE)), list(1, .2, 50),
    c(0, positive_x, -1)),
  half_cauchy = list(function(x, s) ifelse(x < 0, -Inf, log(2) + dcauchy(x, 0, s, TRUE)), list(1, .2, 50),
    c(0, positive_x, -1)),
  cauchy = list(function(x, m, s) dcauchy(x, m, s, TRUE), list(c(0, 1), c(2, .1), c(-5, 100)), real_x),
  student_t = list(
    function(x, df, m, s) dt((x - m) / s, df, log = TRUE) - log(s),
    list(c(1, 0, 1), c(4, .5, 2), c(.1, 0, 3), c(60, -2, .5), c(1e6, 0, 1)), real_x
  ),
  gamma = list(function(x, a, r) dgamma(x, a, r, log = TRUE), list(c(1, 1), c(2.5, 1.5), c(.1, 3), c(400, 20)),
    c(0, positive_x, -1)),
  beta = list(
    function(x, a, b) dbeta(x, a, b, log = TRUE),
    list(c(1, 1), c(.5, 1.5), c(3, 9), c(200, 50), c(1e-2, 2), c(1, 4)), c(0, unit_x, 1, -.1, 1.1)
  ),
  bernoulli = list(function(x, p) dbinom(x, 1, p, TRUE), list(.3, 0, 1, 1e-9), c(0, 1, 2, -1, .5)),
  bernoulli_logit = list(function(x, l) ifelse(x == 1, plogis(l, log.p = TRUE), plogis(-l, log.p = TRUE)),
    list(-1, 0, 40, -700), c(0, 1)),
  binomial = list(
    function(x, n, p) suppressWarnings(dbinom(x, n, p, TRUE)),
    list(c(10, .3), c(300, .01), c(1, .5), c(7, 0), c(7, 1), c(0, .4)), c(count_x, 10, 7, -1, .5)
  ),
  binomial_logit = list(function(x, n, l) dbinom(x, n, plogis(l), TRUE), list(c(10, -1), c(300, 2)), count_x),
  poisson = list(function(x, l) suppressWarnings(dpois(x, l, TRUE)), list(4, .01, 250, 0), c(count_x, -1, .5)),
  laplace = list(function(x, m, s) -abs(x - m) / s - log(2 * s), list(c(0, 1), c(2, .1), c(-5, 100)), real_x),
  logistic = list(function(x, m, s) dlogis(x, m, s, TRUE), list(c(0, 1), c(2, .1), c(-5, 100)), real_x),
  gumbel = list(function(x, m, s) -(x - m) / s - exp(-(x - m) / s) - log(s), list(c(0, 1), c(2, .5), c(-5, 100)),
    real_x[-1]),
  asymmetric_laplace = list(
    function(x, m, s, k) log(ifelse(x < m, dexp(m - x, 1 / (s * k)) * s * k,
      dexp(x - m, k / s) * s / k) / (s * k + s / k)),
    list(c(0, 1, 1), c(2, .5, 3), c(-5, 100, .2)), real_x[-c(1, 9)]
  ),
  soft_laplace = list(
    function(x, m, s) log(2 / pi) - log(s) - abs(x - m) / s - log1p(exp(-2 * abs(x - m) / s)),
    list(c(0, 1), c(2, .1), c(-5, 100)), real_x
  ),
  inv_gamma = list(
    function(x, a, b) ifelse(x > 0, dgamma(1 / x, a, b, log = TRUE) - 2 * log(abs(x)), -Inf),
    list(c(1, 1), c(2.5, 1.5), c(.1, 3), c(400, 20)), c(0, positive_x, -1)
  ),
  chi_squared = list(function(x, df) dchisq(x, df, log = TRUE), list(1, 2, 4.5, 300), c(0, positive_x, -1)),
  beta_proportion = list(
    function(x, m, k) dbeta(x, m * k, (1 - m) * k, log = TRUE), list(c(.3, 2), c(.9, 50), c(.5, .1)),
      c(unit_x, -.1, 1.1)
  ),
  weibull = list(function(x, k, s) dweibull(x, k, s, TRUE), list(c(1, 1), c(2.5, 3), c(.4, .1), c(20, 10)),
    c(positive_x[-8], -1)),
  pareto = list(function(x, m, a) ifelse(x < m, -Inf, log(a) + a * log(m) - (a + 1) * log(abs(x))),
    list(c(1, 1), c(.3, 4), c(5, .2)), c(positive_x, -1)),
  half_student_t = list(
    function(x, df, s) ifelse(x < 0, -Inf, log(2) + dt(x / s, df, log = TRUE) - log(s)),
      list(c(1, 1), c(4, .2), c(30, 50)), c(0, positive_x, -1)
  ),
  levy = list(
    function(x, m, s) ifelse(x > m, dgamma(1 / abs(x - m), .5, s / 2, log = TRUE) - 2 * log(abs(x - m)), -Inf),
      list(c(0, 1), c(-2, .3), c(.4, 20)), c(0, positive_x, -3)
  ),
  inverse_gaussian = list(
    function(x, m, l) ifelse(x > 0, .5 * log(l / (2 * pi * abs(x)^3)) - l * (x - m)^2 / (2 * m^2 * x), -Inf),
    list(c(1, 1), c(3, .5), c(.2, 40)), c(0, positive_x[-c(1, 8)], -1)
  ),
  kumaraswamy = list(
    function(x, a, b) log(a * b) + (a - 1) * log(x) + (b - 1) * log1p(-x^a),
      list(c(1, 1), c(2, 3), c(.5, .3), c(10, 2)), c(1e-3, .2, .5, .9)
  ),
  von_mises = list(
    function(x, m, k) k * (cos(x - m) - 1) - log(2 * pi) - log(besselI(k, 0, TRUE)),
    list(c(0, 1), c(1.5, 0), c(-2, 1e-3), c(.3, 49), c(.3, 51), c(0, 1e4)), c(-3.14, -1, 0, .3, 2)
  ),
  neg_binomial = list(
    function(x, n, p) suppressWarnings(dnbinom(x, n, p, log = TRUE)), list(c(2, .3), c(.1, .9), c(50, .05), c(3, 1)),
      c(count_x, -1, .5)
  ),
  neg_binomial_2 = list(
    function(x, m, n) suppressWarnings(dnbinom(x, n, mu = m, log = TRUE)),
      list(c(3, 2), c(.1, .9), c(200, 1e4), c(5, 1e5)), c(count_x, -1, .5)
  ),
  geometric = list(function(x, p) suppressWarnings(dgeom(x, p, TRUE)), list(.3, 1e-3, 1), c(count_x, -1, .5)),
  beta_binomial = list(
    function(x, n, a, b) ifelse(x >= 0 & x <= n & x == floor(x),
      lchoose(n, x) + suppressWarnings(lbeta(x + a, n - x + b)) - lbeta(a, b), -Inf),
    list(c(10, 1, 1), c(300, .3, 2), c(17, 50, 80)), c(count_x, -1)
  ),
  zero_inflated_poisson = list(
    function(x, l, q) log(ifelse(x == 0, q, 0) + (1 - q) * suppressWarnings(dpois(x, l))),
      list(c(4, .2), c(.5, .9), c(2, 0)), c(0, 1, 2, 5, 17, -1, .5)
  ),
  hypergeometric = list(
    function(x, m, n, k) suppressWarnings(dhyper(x, m, n, k, TRUE)),
      list(c(10, 7, 8), c(400, 300, 310), c(5, 5, 10), c(3, 50, 20)), c(count_x, 3, 4, 8, -1, .5)
  )
)
number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x),
  ifelse(is.nan(x), "NAN", ifelse(x > 0, "INFINITY", "-INFINITY")))
cat("/* Made by: Rscript tests/engine/dist_table.R > tests/engine/dist_table.h */\n")
cat("static const struct { const char *family; double a[4], x, log_density; } density_table[] = {\n")
for (name in names(families)) {
  f <- families[[name]]
  for (args in f[[2]]) {
    want <- do.call(f[[1]], c(list(f[[3]]), as.list(args)))
    cat(sprintf('{"%s", {%s}, %s, %s},\n', name, paste(number(args), collapse = ", "), number(f[[3]]), number(want)),
      sep = "")
  }
}
cat("};\n")
