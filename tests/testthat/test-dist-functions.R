test_that("log densities and cumulative probabilities recycle as R's own", {
  x <- c(-1, 0.5, 2)
  expect_equal(dist_log_density(dist_normal(c(0, 1, 2), 2), x), dnorm(x, 0:2, 2, TRUE), tolerance = 1e-12)
  expect_equal(dist_cdf(dist_normal(0, c(1, 2, 3)), 0.7), pnorm(0.7, 0, 1:3), tolerance = 1e-12)
  expect_equal(dist_cdf(dist_gamma(2, 3), x, lower_tail = FALSE, log = TRUE), pgamma(x, 2, 3, lower.tail = FALSE, log.p = TRUE),
    tolerance = 1e-12)
  s <- matrix(c(2, 0.5, 0.5, 1), 2)
  y <- c(0.3, 1)
  want <- -0.5 * sum(y * solve(s, y)) - 0.5 * log(det(2 * pi * s))
  expect_equal(dist_log_density(dist_mvn(c(0, 0), s), y), want, tolerance = 1e-12)
})

test_that("quantiles invert the cdf", {
  p <- c(1e-8, 0.05, 0.3, 0.5, 0.9, 1 - 1e-6)
  expect_equal(dist_quantile(dist_student_t(4, 1, 2), p), 1 + 2 * qt(p, 4), tolerance = 1e-9)
  expect_equal(dist_quantile(dist_inverse_gaussian(2, 3), p)[3], uniroot(function(x) {
    dist_cdf(dist_inverse_gaussian(2, 3), x) - 0.3
  }, c(0.1, 5), tol = 1e-12)$root, tolerance = 1e-8)
  expect_equal(dist_quantile(dist_poisson(3.3), p), qpois(p, 3.3))
  expect_equal(dist_quantile(dist_binomial(9, 0.4), p), qbinom(p, 9, 0.4))
  expect_equal(dist_quantile(dist_neg_binomial(2, mu = 5), p), qnbinom(p, 2, mu = 5))
  d <- dist_mixture(dist_normal(-1, 1), dist_truncated(dist_cauchy(0, 1), lower = 0), weights = c(1, 3))
  expect_equal(dist_cdf(d, dist_quantile(d, p)), p, tolerance = 1e-12)
  d <- dist_transformed(dist_truncated(dist_normal(0, 1), -1, 2), list(transform_affine(1, -2), transform_exp()))
  expect_equal(dist_cdf(d, dist_quantile(d, p)), p, tolerance = 1e-12)
})

test_that("means and variances come from formulas, sums or integrals", {
  expect_equal(dist_mean(dist_gamma(2, 4)), 0.5)
  expect_equal(dist_variance(dist_transformed(dist_gamma(2, 4), transform_affine(1, -2))), 4 * 2 / 16)
  d <- dist_mixture(dist_normal(-1, 1), dist_normal(3, 2), weights = c(1, 3))
  expect_equal(c(dist_mean(d), dist_variance(d)), c(2, 0.25 * 2 + 0.75 * 13 - 4), tolerance = 1e-12)
  expect_equal(dist_mean(dist_zero_inflated(dist_poisson(3), 0.2)), 2.4, tolerance = 1e-12)
  expect_equal(dist_variance(dist_zero_inflated(dist_poisson(3), 0.2)), 0.8 * 12 - 2.4^2, tolerance = 1e-12)
  half <- dist_truncated(dist_normal(0, 1), lower = 0)
  expect_equal(c(dist_mean(half), dist_variance(half)), c(sqrt(2 / pi), 1 - 2 / pi), tolerance = 1e-6)
  counts <- dist_truncated(dist_poisson(2), lower = 1)
  expect_equal(dist_mean(counts), 2 / (1 - exp(-2)), tolerance = 1e-10)
})

test_that("draws have the distribution's shape and follow the seed", {
  x <- dist_draw(dist_normal(3, 1), 500, seed = 1)
  expect_length(x, 500)
  expect_mean(x, 3)
  expect_identical(x, dist_draw(dist_normal(3, 1), 500, seed = 1))
  expect_equal(dim(dist_draw(dist_mvn(c(0, 0), diag(2)), 7, seed = 1)), c(7, 2))
})

test_that("what is not known is an error", {
  expect_error(dist_cdf(dist_categorical(c(0.2, 0.8)), 1), "cdf of categorical\\(\\) is not known", class = "reparam_error")
  expect_error(dist_quantile(dist_normal(), 2), "`p` must be", class = "reparam_error")
  expect_error(dist_mean(3), "`d` must be a distribution", class = "reparam_error")
})

test_that("cdfs of all families are 0, 1 or between, also far outside of their support", {
  families <- list(
    dist_gamma(2, 3), dist_beta(2, 3), dist_exponential(2), dist_weibull(2, 1), dist_pareto(1, 2), dist_lognormal(0, 1),
    dist_inv_gamma(2, 3), dist_uniform(0, 1), dist_half_normal(1), dist_half_cauchy(1), dist_half_student_t(3, 1),
    dist_levy(0, 1), dist_inverse_gaussian(1, 2), dist_kumaraswamy(2, 3), dist_chi_squared(3), dist_poisson(3),
    dist_binomial(4, 0.2), dist_geometric(0.3), dist_neg_binomial(2, 0.3), dist_bernoulli(0.3), dist_beta_proportion(0.3, 4),
    dist_normal(0, 1), dist_cauchy(0, 1), dist_student_t(3, 0, 1), dist_logistic(0, 1), dist_laplace(0, 1), dist_gumbel(0, 1)
  )
  for (d in families) {
    p <- dist_cdf(d, c(-1e6, -3, 0.3, 2, 1e6, 1e300))
    expect_true(all(p >= 0 & p <= 1) && all(diff(p) >= 0), label = d$family)
    expect_equal(p[5:6], c(1, 1), tolerance = 1e-3, label = d$family)
    q <- dist_cdf(d, c(-1e6, -3, 0.3, 2, 1e6, 1e300), lower_tail = FALSE)
    expect_equal(p + q, rep(1, 6), tolerance = 1e-10, label = d$family)
  }
})

test_that("cdfs of counts that are sums over their values, or go through the log odds", {
  x <- c(-1, 0, 1, 2.5, 4, 5)
  expect_cdf <- function(d, p) {
    expect_equal(dist_cdf(d, x), p, tolerance = 1e-13)
    expect_equal(dist_cdf(d, x, lower_tail = FALSE), 1 - p, tolerance = 1e-13)
  }
  prob <- plogis(0.3)
  expect_cdf(dist_bernoulli(logits = 0.3), pbinom(x, 1, prob))
  expect_cdf(dist_binomial(4, logits = 0.3), pbinom(x, 4, prob))
  expect_cdf(dist_zero_inflated_poisson(2, 0.3), ifelse(x < 0, 0, 0.3) + 0.7 * ppois(x, 2))
  expect_cdf(dist_hypergeometric(4, 5, 3), phyper(x, 4, 5, 3))
  k <- 0:4
  mass <- choose(4, k) * beta(k + 1.5, 4 - k + 2) / beta(1.5, 2)
  expect_cdf(dist_beta_binomial(4, 1.5, 2), vapply(x, function(x) sum(mass[k <= x]), 0))
  # in the far tail, by its log
  expect_equal(dist_cdf(dist_binomial(50, logits = 10), 30, log = TRUE), pbinom(19, 50, plogis(-10), FALSE, TRUE), tolerance = 1e-12)
  traced <- model(function(y) {
    n ~ categorical(c(0.5, 0.5))
    y ~ truncated(beta_binomial(n, 1, 1), 0, 1)
  })
  expect_error(log_density(traced, list(y = 1)), "known for sizes that are numbers only")
})

test_that("the cdf of von_mises()", {
  # by quadrature in pieces around the mode, wherever it lies
  cdf <- function(q, mu, k) {
    f <- function(x) exp(k * (cos(x - mu) - 1)) / (2 * pi * besselI(k, 0, TRUE))
    width <- 1 / sqrt(k + 0.1)
    cuts <- c(outer(mu + c(-2, 0, 2) * pi, c(-8, -2, 0, 2, 8) * width, `+`))
    cuts <- sort(unique(c(-pi, q, cuts[cuts > -pi & cuts < q])))
    sum(mapply(function(a, b) stats::integrate(f, a, b, rel.tol = 1e-13)$value, cuts[-length(cuts)], cuts[-1]))
  }
  q <- c(-3, -0.4, 0.5, 3.1)
  for (k in c(0, 0.3, 5, 49, 51, 800)) {
    for (mu in c(0, 2.5, -7)) {
      d <- dist_von_mises(mu, k)
      exact <- vapply(q, cdf, 0, mu = mu, k = k)
      expect_equal(dist_cdf(d, q), exact, tolerance = 1e-11)
      expect_equal(dist_cdf(d, q, lower_tail = FALSE), 1 - exact, tolerance = 1e-11)
    }
  }
  truncated <- model(function(y) {
    mu ~ normal(0, 1)
    k ~ lognormal(0, 1)
    y ~ truncated(von_mises(mu, k), -1, 1)
  })
  at <- c(0.3, log(2))
  gradient <- attr(log_density(truncated, list(y = c(0.2, -0.5)), at), "gradient")
  h <- 1e-5
  for (i in 1:2) {
    step <- h * (1:2 == i)
    change <- log_density(truncated, list(y = c(0.2, -0.5)), at + step) - log_density(truncated, list(y = c(0.2, -0.5)), at - step)
    expect_equal(gradient[[i]], as.numeric(change) / (2 * h), tolerance = 1e-6)
  }
})

test_that("quantiles of counts reach the ends of the support", {
  p <- c(0, 0.1, 0.5, 0.9, 0.999, 1)
  expect_equal(dist_quantile(dist_poisson(3), p), qpois(p, 3))
  expect_equal(dist_quantile(dist_binomial(10, 0.3), p), qbinom(p, 10, 0.3))
  expect_equal(dist_quantile(dist_geometric(0.3), p), qgeom(p, 0.3))
  expect_equal(dist_quantile(dist_hypergeometric(4, 5, 3), p), qhyper(p, 4, 5, 3))
  expect_equal(dist_quantile(dist_truncated(dist_poisson(3), 1, 5), c(0, 1)), c(1, 5))
  expect_equal(dist_quantile(dist_zero_inflated(dist_poisson(3), 0.4), c(0, 0.4, 1)), c(0, 0, Inf))
  expect_equal(dist_quantile(dist_mixture(dist_poisson(3), dist_poisson(30), weights = c(1, 1)), c(0, 1)), c(0, Inf))
})

test_that("NA gives NA", {
  expect_equal(dist_log_density(dist_normal(0, 1), c(1, NA)), c(dnorm(1, log = TRUE), NA))
  expect_equal(dist_cdf(dist_gamma(2, 1), c(NA, 2)), c(NA, pgamma(2, 2, 1)))
  expect_equal(dist_quantile(dist_poisson(3), c(0.5, NA)), c(3, NA))
  expect_error(dist_mean(dist_gaussian_hmm(dist_mvn(0, diag(1)), matrix(1), dist_mvn(0, diag(1)), matrix(1),
                                           dist_mvn(0, diag(1)), duration = 2)), "draws", class = "reparam_error")
})
