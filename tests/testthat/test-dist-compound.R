# Densities on a grid, by R's own functions.

test_that("truncated densities are R's, renormalised in either tail", {
  x <- c(-0.5, 0.3, 1.9)
  want <- dnorm(x, 0.2, 1.5, TRUE) - log(pnorm(2, 0.2, 1.5) - pnorm(-1, 0.2, 1.5))
  expect_equal(each_log_density(dist_truncated(dist_normal(0.2, 1.5), -1, 2), x), want, tolerance = 1e-12)
  expect_equal(each_log_density(dist_truncated_normal(0.2, 1.5, -1, 2), x), want, tolerance = 1e-12)
  far <- dist_truncated(dist_normal(0, 1), lower = 20)
  want <- dnorm(20.1, log = TRUE) - pnorm(20, lower.tail = FALSE, log.p = TRUE)
  expect_equal(site_log_density(far, 20.1), want, tolerance = 1e-12)
  both <- dist_truncated(dist_normal(0, 1), 20, 21)
  mass <- pnorm(-20, log.p = TRUE) + log1p(-exp(pnorm(-21, log.p = TRUE) - pnorm(-20, log.p = TRUE)))
  expect_equal(site_log_density(both, 20.1), dnorm(20.1, log = TRUE) - mass, tolerance = 1e-12)
  g <- dist_truncated(dist_gamma(2, 1), upper = 3)
  expect_equal(site_log_density(g, 1.2), dgamma(1.2, 2, 1, log = TRUE) - pgamma(3, 2, log.p = TRUE), tolerance = 1e-12)
})

test_that("truncation of counts keeps both bounds", {
  d <- dist_truncated(dist_poisson(3), 1, 5)
  expect_equal(each_log_density(d, 1:5), dpois(1:5, 3, TRUE) - log(sum(dpois(1:5, 3))), tolerance = 1e-12)
  expect_identical(tryCatch(site_log_density(d, 0), reparam_error = function(e) -Inf), -Inf)
})

test_that("a value at a bound of a censored distribution has the probability of the tail", {
  d <- dist_censored(dist_normal(0, 2), -1, 3)
  expect_equal(site_log_density(d, -1), pnorm(-1, 0, 2, log.p = TRUE), tolerance = 1e-12)
  expect_equal(site_log_density(d, 3), pnorm(3, 0, 2, FALSE, TRUE), tolerance = 1e-12)
  expect_equal(site_log_density(d, 0.7), dnorm(0.7, 0, 2, TRUE), tolerance = 1e-12)
  counts <- dist_censored(dist_poisson(3), upper = 4)
  expect_equal(site_log_density(counts, 4), ppois(3, 3, FALSE, TRUE), tolerance = 1e-12)
  expect_equal(site_log_density(counts, 2), dpois(2, 3, TRUE), tolerance = 1e-12)
  d <- dist_interval_censored(dist_normal(0, 1), c(-Inf, 0.5, 1), c(0, 2, Inf))
  want <- pnorm(0, log.p = TRUE) + log(pnorm(2) - pnorm(0.5)) + pnorm(1, lower.tail = FALSE, log.p = TRUE)
  expect_equal(site_log_density(d, c(-1, 1, 4)), want, tolerance = 1e-12)
})

test_that("mixtures add densities, whatever their parts", {
  x <- c(-1.2, 0.4, 3)
  d <- dist_mixture(dist_normal(-1, 1), dist_student_t(4, 2, 0.5), dist_gamma(2, 1), weights = c(1, 2, 1))
  want <- log(0.25 * dnorm(x, -1, 1) + 0.5 * dt((x - 2) / 0.5, 4) / 0.5 + 0.25 * dgamma(x, 2, 1))
  expect_equal(each_log_density(d, x), want, tolerance = 1e-12)
  each <- dist_mixture(dist_poisson(1), dist_poisson(5), weights = rbind(c(0.1, 0.9), c(0.6, 0.4)))
  want <- log(0.1 * dpois(3, 1) + 0.9 * dpois(3, 5)) + log(0.6 * dpois(0, 1) + 0.4 * dpois(0, 5))
  expect_equal(site_log_density(each, c(3, 0)), want, tolerance = 1e-12)
  v <- dist_mixture(list(dist_mvn(c(0, 0), diag(2)), dist_mvn(c(3, 1), diag(2) * 2)), weights = c(0.3, 0.7))
  y <- rbind(c(0.1, 0.4), c(2, 2))
  f <- function(y, m, s) prod(dnorm(y, m, sqrt(s)))
  want <- sum(log(apply(y, 1, function(r) 0.3 * f(r, c(0, 0), 1) + 0.7 * f(r, c(3, 1), 2))))
  expect_equal(site_log_density(v, y), want, tolerance = 1e-12)
})

test_that("zero inflation adds zeros to counts and a point mass to densities", {
  d <- dist_zero_inflated(dist_neg_binomial(2, mu = 3), 0.2)
  expect_equal(site_log_density(d, 0), log(0.2 + 0.8 * dnbinom(0, 2, mu = 3)), tolerance = 1e-12)
  expect_equal(site_log_density(d, 4), log(0.8) + dnbinom(4, 2, mu = 3, log = TRUE), tolerance = 1e-12)
  d <- dist_zero_inflated(dist_lognormal(0, 1), 0.4)
  expect_equal(each_log_density(d, c(0, 2)), c(log(0.4), log(0.6) + dlnorm(2, log = TRUE)), tolerance = 1e-12)
})

test_that("ordered values have the density of order statistics", {
  expect_equal(site_log_density(dist_ordered(dist_normal(0, 2)), c(-1, 0, 3)), log(6) + sum(dnorm(c(-1, 0, 3), 0, 2, TRUE)),
    tolerance = 1e-12)
  expect_equal(site_log_density(dist_ordered(dist_gamma(2, 1)), c(0.5, 3)), log(2) + sum(dgamma(c(0.5, 3), 2, 1, log = TRUE)),
    tolerance = 1e-12)
  expect_identical(tryCatch(site_log_density(dist_ordered(dist_normal(0, 2)), c(2, 1)), reparam_error = function(e) -Inf),
    -Inf)
  x <- site_draws(dist_ordered(dist_gamma(2, 1), 3), n = 2000)
  expect_true(all(x[, 1] < x[, 2] & x[, 2] < x[, 3]))
  # The largest of three has cdf F^3.
  expect_gt(ks.test(x[, 3], function(q) pgamma(q, 2)^3)$p.value, 1e-3)
})

# ---- which combinator takes what: the table ----

parts <- list(
  normal = list(d = dist_normal(0.5, 1), x = 0.8, cdf = TRUE, kind = "real"),
  student_t = list(d = dist_student_t(4, 0, 1), x = 0.8, cdf = TRUE, kind = "real"),
  gamma = list(d = dist_gamma(2, 1.5), x = 0.8, cdf = TRUE, kind = "real"),
  beta = list(d = dist_beta(2, 3), x = 0.4, cdf = TRUE, kind = "real"),
  exp_normal = list(d = dist_transformed(dist_normal(0, 0.5), "exp"), x = 0.8, cdf = TRUE, kind = "real"),
  minus_gamma = list(d = dist_transformed(dist_gamma(2, 1.5), transform_affine(3, -1)), x = 2.5, cdf = TRUE, kind = "real"),
  von_mises = list(d = dist_von_mises(0, 2), x = 0.4, cdf = TRUE, kind = "real"),
  poisson = list(d = dist_poisson(2.5), x = 2, cdf = TRUE, kind = "count"),
  binomial = list(d = dist_binomial(8, 0.3), x = 2, cdf = TRUE, kind = "count"),
  beta_binomial = list(d = dist_beta_binomial(8, 2, 3), x = 2, cdf = TRUE, kind = "count"),
  mvn = list(d = dist_mvn(c(0, 0), diag(2)), x = c(0.3, 1), cdf = FALSE, kind = "vector")
)
wrappers <- list(
  truncated = list(f = function(d) dist_truncated(d, 0.1, 6), needs_cdf = TRUE, takes = c("real", "count"), gives_cdf = TRUE),
  censored = list(f = function(d) dist_censored(d, upper = 6), needs_cdf = TRUE, takes = c("real", "count"), gives_cdf = TRUE),
  zero_inflated = list(f = function(d) dist_zero_inflated(d, 0.25), needs_cdf = FALSE, takes = c("real", "count"),
    gives_cdf = TRUE),
  mixture = list(f = function(d) dist_mixture(d, d, weights = c(1, 2)), needs_cdf = FALSE, takes = c("real", "count", "vector"),
    gives_cdf = TRUE),
  transformed = list(f = function(d) dist_transformed(d, transform_affine(0, 2)), needs_cdf = FALSE, takes = c("real", "vector"),
    gives_cdf = TRUE),
  masked = list(f = function(d) dist_masked(d, TRUE), needs_cdf = FALSE, takes = c("real", "count", "vector"), gives_cdf = TRUE)
)
refused <- function(part, wrapper) !part$kind %in% wrapper$takes || (wrapper$needs_cdf && !part$cdf)

test_that("every combinator takes every part that it can take, and names both where it cannot", {
  for (p in names(parts)) for (w in names(wrappers)) {
    part <- parts[[p]]
    d <- wrappers[[w]]$f(part$d)
    if (refused(part, wrappers[[w]])) {
      error <- tryCatch(site_log_density(d, part$x), reparam_error = function(e) conditionMessage(e))
      expect_match(error, paste0(w, "\\(\\) of .*(", part$d$family, ")"), label = paste(w, p))
    } else {
      expect_true(is.finite(site_log_density(d, part$x)), label = paste(w, p))
    }
  }
})

test_that("ordered values on an interval are inferred", {
  inside <- list(gamma = c(0.5, 1, 2), beta = c(0.2, 0.3, 0.9), uniform = c(-0.5, 0.1, 2), von_mises = c(-1, 0.5, 3))
  bases <- list(gamma = dist_gamma(2, 1), beta = dist_beta(2, 3), uniform = dist_uniform(-1, 3),
                von_mises = dist_von_mises(0, 1))
  for (name in names(bases)) {
    m <- model(function() draw("x", dist_ordered(bases[[name]], 3)))
    expect_equal(unname(trace_model(substitute_sites(m, x = inside[[name]]), seed = 1)$log_density),
                 log(6) + sum(dist_log_density(bases[[name]], inside[[name]])), info = name)
    expect_identity(m, applies = c("gradient", "support", "distribution", "inverse"))
  }
  # coordinates log(x[1]) and log of the gaps of log(x)
  x <- inside$gamma
  want <- log(6) + sum(dgamma(x, 2, 1, log = TRUE)) + sum(log(x)) + sum(log(diff(log(x))))
  expect_equal(density_at(model(function() draw("x", dist_ordered(bases$gamma, 3))), list(x = x)), want)
  # another map that does not cover the line: x^2 on positive numbers
  d <- dist_ordered(dist_transformed(dist_gamma(2, 1), transform_inverse(transform_power(2))), 2)
  expect_error(density_at(model(function() draw("x", d)), list(x = c(1, 2))), "unconstrained|increasing")
})

test_that("combinators of combinators are densities: they integrate or sum to 1", {
  total <- function(d, kind, lower, upper) {
    if (kind == "count") return(sum(exp(each_log_density(d, 0:60))))
    f <- function(x) vapply(x, function(v) tryCatch(exp(site_log_density(d, v)), reparam_error = function(e) 0), 0)
    sum(f((seq_len(500) - 0.5) / 500 * (upper - lower) + lower)) * (upper - lower) / 500
  }
  cases <- list(
    list(dist_truncated(dist_mixture(dist_normal(0, 1), dist_normal(3, 0.5), weights = c(0.4, 0.6)), -1, 3.5), "real", -1, 3.5),
    list(dist_mixture(dist_truncated_normal(0, 1, lower = 0), dist_gamma(3, 2), weights = c(0.4, 0.6)), "real", 0, 12),
    list(dist_transformed(dist_truncated_normal(0, 1, -1, 1), transform_affine(2, -3)), "real", -1, 5),
    list(dist_truncated(dist_zero_inflated(dist_poisson(3), 0.3), upper = 6), "count"),
    list(dist_zero_inflated(dist_truncated(dist_poisson(3), lower = 1), 0.3), "count"),
    list(dist_censored(dist_mixture(dist_poisson(1), dist_poisson(6), weights = c(0.5, 0.5)), upper = 7), "count"),
    list(dist_mixture(dist_mixture(dist_poisson(1), dist_poisson(2), weights = c(1, 1)), dist_binomial(5, 0.9),
      weights = c(1, 3)), "count")
  )
  for (case in cases) {
    # midpoint rule with steps below 0.025 of smooth densities, with jumps at the ends of the interval at most: error < 1e-3
    expect_equal(do.call(total, case), 1, tolerance = if (case[[2]] == "count") 1e-10 else 1e-3, label = format(case[[1]]))
  }
})

test_that("draws follow the distribution functions", {
  expect_follows(dist_truncated(dist_normal(1, 2), 0, 4), function(q) (pnorm(q, 1, 2) - pnorm(0, 1, 2)) / diff(pnorm(c(0, 4), 1, 2)))
  expect_follows(dist_truncated(dist_normal(0, 1), lower = 10), function(q) {
    1 - exp(pnorm(q, lower.tail = FALSE, log.p = TRUE) - pnorm(10, lower.tail = FALSE, log.p = TRUE))
  })
  expect_follows(dist_truncated(dist_student_t(3), upper = -1), function(q) pt(q, 3) / pt(-1, 3))
  expect_follows(dist_mixture(dist_normal(-2, 1), dist_gamma(2, 1), weights = c(1, 3)), function(q) {
    0.25 * pnorm(q, -2, 1) + 0.75 * pgamma(q, 2, 1)
  })
  x <- site_draws(dist_truncated(dist_poisson(3), 1, 4))[, 1]
  p <- dpois(1:4, 3) / sum(dpois(1:4, 3))
  expect_gt(chisq.test(table(factor(x, 1:4)), p = p)$p.value, 1e-3)
  z <- site_draws(dist_zero_inflated(dist_lognormal(0, 1), 0.4))[, 1]
  expect_mean(z == 0, 0.4)
  y <- site_draws(dist_censored(dist_normal(0, 1), upper = 1))[, 1]
  expect_mean(y == 1, pnorm(-1))
})

test_that("latent compounds have unconstrained coordinates", {
  m <- model(function(y) {
    s ~ truncated(normal(0, 2), lower = 0)
    y ~ normal(0, s)
  })
  got <- as.numeric(log_density(m, list(y = 1), list(s = 0.5)))
  expect_equal(got, log(2) + dnorm(0.5, 0, 2, TRUE) + log(0.5) + dnorm(1, 0, 0.5, TRUE), tolerance = 1e-12)
  m <- model(function(y) {
    b ~ normal(0, 1)
    s ~ truncated(normal(0, 1), b, b + 2)
    y ~ normal(s, 1)
  })
  u <- plogis(0.4)
  s <- 0.3 + 2 * u
  want <- dnorm(0.3, log = TRUE) + dnorm(s, log = TRUE) - log(pnorm(2.3) - pnorm(0.3)) + log(2 * u * (1 - u)) +
    dnorm(0.7, s, 1, TRUE)
  expect_equal(as.numeric(log_density(m, list(y = 0.7), list(b = 0.3, s = s))), want, tolerance = 1e-12)
})

test_that("a latent delta is its argument", {
  m <- model(function(y) {
    a ~ normal(0, 1)
    b ~ delta(2 * a)
    y ~ normal(b, 1)
  })
  fit <- fit_nuts(m, list(y = 3), chains = 1, iter_warmup = 300, iter_sampling = 500, seed = 1, refresh = 0)
  x <- draws(fit, c("a", "b"))
  expect_equal(c(x$b), 2 * c(x$a))
  # posterior of a: precision 1 + 4, mean 6 / 5; standard error of the mean with some 300 effective draws: 0.03
  expect_equal(mean(x$a), 1.2, tolerance = 0.12)
})

test_that("a mixture with ordered locations is fitted", {
  set.seed(1)
  y <- c(rnorm(60, -2, 1), rnorm(40, 3, 1))
  m <- model(function(y) {
    mu[1:2] ~ ordered(normal(0, 5))
    p ~ beta(2, 2)
    y ~ mixture(normal(mu[1], 1), normal(mu[2], 1), weights = c(p, 1 - p))
  })
  fit <- fit_nuts(m, list(y = y), chains = 2, iter_warmup = 300, iter_sampling = 300, seed = 1, refresh = 0)
  x <- draws(fit, c("mu", "p"))
  # posterior sd of a location is about 0.15; labels cannot switch
  expect_equal(c(mean(x$mu[, , 1]), mean(x$mu[, , 2])), c(-2, 3), tolerance = 0.15)
  expect_equal(mean(x$p), 0.6, tolerance = 0.1)
  expect_true(all(x$mu[, , 1] < x$mu[, , 2]))
})

test_that("arguments are checked where they are written", {
  expect_error(dist_truncated(dist_normal(), 2, 1), "`lower` must be below `upper`", class = "reparam_error")
  expect_error(dist_mixture(dist_normal(), weights = c(1, 2)), "2 weights for 1", class = "reparam_error")
  expect_error(dist_mixture(dist_normal(), dist_cauchy()), "`weights` is missing", class = "reparam_error")
  expect_error(dist_mixture(dist_normal(), 3, weights = c(1, 1)), "`part 2` must be a distribution", class = "reparam_error")
  expect_error(dist_zero_inflated(dist_poisson(1), 2), "`prob` must be", class = "reparam_error")
  mixed <- dist_mixture(dist_normal(), dist_poisson(1), weights = c(1, 1))
  expect_error(site_log_density(mixed, 1), "mixture\\(\\) of normal\\(\\) and poisson\\(\\)", class = "reparam_error")
  masked <- dist_mixture(dist_masked(dist_normal(), 1), dist_cauchy(), weights = c(1, 1))
  expect_error(site_log_density(masked, 1), "mixture\\(\\) of masked normal", class = "reparam_error")
})

test_that("gradients of latent compounds equal finite differences", {
  models <- list(
    model(function(y) {
      b ~ normal(0, 1)
      s ~ truncated(gamma(2, 1), lower = exp(b), upper = exp(b) + 3)
      y ~ normal(s, 1)
    }),
    model(function(y) {
      x[1:3] ~ ordered(student_t(4, 0, 2))
      w ~ dirichlet(c(2, 3, 4))
      y ~ mixture(normal(x[1], 1), cauchy(x[2], 1), logistic(x[3], 2), weights = w)
    }),
    model(function(y) {
      a ~ mixture(gamma(2, 1), truncated(normal(1, 2), lower = 0), weights = c(1, 2))
      y ~ censored(normal(a, a), lower = 0, upper = 2)
    }),
    model(function(y) {
      p ~ beta(2, 2)
      m ~ lognormal(0, 1)
      y ~ zero_inflated(truncated(poisson(m), upper = 5), p)
    })
  )
  sizes <- c(2, 5, 1, 2)
  for (i in seq_along(models)) {
    m <- models[[i]]
    n <- sizes[i]
    data <- list(y = c(0, 1, 2))
    u <- c(0.3, -0.4, 0.2, 0.5, -0.1)[seq_len(n)]
    at <- log_density(m, data, u)
    h <- 1e-5
    numeric <- vapply(seq_len(n), function(k) {
      e <- replace(numeric(n), k, h)
      (as.numeric(log_density(m, data, u + e)) - as.numeric(log_density(m, data, u - e))) / (2 * h)
    }, 0)
    # central differences: error h^2 f''' / 6 + 1e-16 f / h, below 1e-8 here
    expect_equal(unname(attr(at, "gradient")), numeric, tolerance = 1e-6)
  }
})
