# Families written in R: against closed forms and against the same family of the engine.

dist_lomax <- new_family("lomax",
  log_density = function(x, shape, scale = 1) log(shape / scale) - (shape + 1) * log1p(x / scale),
  support = "positive",
  quantile = function(p, shape, scale = 1) scale * ((1 - p)^(-1 / shape) - 1),
  cdf = function(x, shape, scale = 1) 1 - (1 + x / scale)^(-shape),
  constraints = list(shape = "positive", scale = "positive")
)

dist_own_normal <- new_family("own_normal",
  log_density = function(x, mean, sd) dnorm(x, mean, sd, log = TRUE),
  cdf = function(x, mean, sd) pnorm(x, mean, sd),
  random = function(draw, mean, sd) mean + sd * draw(dist_normal(0, 1))
)

# Loaded dice: not elementwise in its draws, discrete, with a support.
dist_die <- new_family("die", function(x, p) ifelse(x == 6, log(p), log1p(-p) - log(5)),
  support = c(1, 6), discrete = TRUE, random = function(draw, p) draw(dist_categorical(c(rep((1 - p) / 5, 5), p)))
)

test_that("a family has what its functions give", {
  d <- dist_lomax(2, 3)
  expect_equal(dist_log_density(d, c(0.5, 4)), log(2 / 3) - 3 * log1p(c(0.5, 4) / 3))
  expect_equal(dist_log_density(d, c(-1, Inf)), c(-Inf, -Inf))
  expect_equal(dist_cdf(d, c(-1, 0.5)), c(0, 1 - (1 + 0.5 / 3)^-2))
  expect_equal(dist_quantile(d, c(0, 0.3)), c(0, 3 * (0.7^-0.5 - 1)))
  expect_equal(dist_mean(dist_lomax(3)), 0.5, tolerance = 1e-6)
  expect_output(print(d), "lomax(shape = 2, scale = 3)", fixed = TRUE)
  # 5000 draws: the Kolmogorov-Smirnov test at level 1e-3
  expect_gt(stats::ks.test(dist_draw(d, 5000, seed = 1), function(q) 1 - (1 + q / 3)^-2)$p.value, 1e-3)
  expect_gt(stats::ks.test(dist_draw(dist_own_normal(1, 2), 5000, seed = 2), pnorm, 1, 2)$p.value, 1e-3)
})

test_that("a family behaves like the engine's own in a model", {
  with_family <- function(family) {
    model(function(y) {
      mu <- draw("mu", family(0, 3))
      s ~ lognormal(0, 1)
      theta <- draw("theta", family(mu, s), dim = 4)
      draw("y", family(theta, 0.5), obs = y)
    })
  }
  y <- c(1.2, NA, -0.4, 2)
  at <- list(mu = 0.3, s = 1.4, theta = c(0.9, 0.1, -0.2, 1.5))
  expect_equal(as.numeric(log_density(with_family(dist_own_normal), list(y = y), at)),
               as.numeric(log_density(with_family(dist_normal), list(y = y), at)), tolerance = 1e-13)
  expect_equal(attr(log_density(with_family(dist_own_normal), list(y = y), at), "gradient"),
               attr(log_density(with_family(dist_normal), list(y = y), at), "gradient"), tolerance = 1e-12)
  fit <- fit_nuts(with_family(dist_own_normal), list(y = y), chains = 1, iter_sampling = 300, seed = 1)
  expect_equal(dim(log_lik(fit)), c(300L, 1L, 3L))
  expect_equal(dim(draws(posterior_predict(fit), "y")), c(300L, 1L, 4L))
  expect_equal(dim(draws(prior_draws(with_family(dist_own_normal), list(y = y), draws = 20, seed = 1), "theta")),
    c(20L, 1L, 4L))
})

test_that("a family in combinators", {
  d <- dist_truncated(dist_own_normal(0, 1), -1, 2)
  x <- c(-1.5, -0.5, 1)
  inside <- ifelse(x < -1, -Inf, dnorm(x, log = TRUE) - log(pnorm(2) - pnorm(-1)))
  expect_equal(dist_log_density(d, x), inside, tolerance = 1e-12)
  mixed <- dist_mixture(dist_lomax(2), dist_exponential(1), weights = c(0.3, 0.7))
  expect_equal(dist_log_density(mixed, 0.7), log(0.3 * 2 * 1.7^-3 + 0.7 * exp(-0.7)), tolerance = 1e-13)
  pushed <- dist_transformed(dist_own_normal(0, 1), transform_exp())
  expect_equal(dist_log_density(pushed, 2), dlnorm(2, log = TRUE), tolerance = 1e-13)
})

test_that("a discrete family is summed out", {
  m <- model(function(y) {
    p ~ beta(1, 1)
    z[1:3] ~ die(p)
    y ~ normal(z, 1)
  })
  y <- c(1, 3, 5)
  own <- vapply(y, function(y) log(sum(c(rep(0.7 / 5, 5), 0.3) * dnorm(y, 1:6))), 0)
  expect_equal(as.numeric(log_density(m, list(y = y), list(p = 0.3))), sum(own) + log(0.21), tolerance = 1e-13)
  expect_true(all(dist_draw(dist_die(0.3), 100, seed = 1) %in% 1:6))
  expect_equal(dist_log_density(dist_die(0.3), c(0, 2.5, 7)), rep(-Inf, 3))
})

test_that("supports that depend on arguments, formulas that are not elementwise", {
  dist_tent <- new_family("tent", function(x, w) log(1 - abs(x) / w) - log(w), support = function(w) c(-w, w))
  m <- model(function(y) {
    w ~ lognormal(1, 0.5)
    x ~ tent(w)
    y ~ normal(x, 1)
  })
  value <- dlnorm(2, 1, 0.5, TRUE) + log(2) + log(1 - 0.25) - log(2) + dnorm(0.3, 0.5, 1, TRUE) + log(4 * 0.625 * 0.375)
  expect_equal(as.numeric(log_density(m, list(y = 0.3), list(w = 2, x = 0.5))), value, tolerance = 1e-13)
  grid <- c(-1, 0, 2)
  dist_kernels <- new_family("kernels", function(x, h) log(mean(dnorm(x, grid, h))))
  x <- c(-1, 0.4, 1)
  expect_equal(dist_log_density(dist_kernels(0.5), x), vapply(x, function(x) log(mean(dnorm(x, grid, 0.5))), 0))
  expect_equal(dist_log_density(dist_kernels(c(0.5, 1, 2)), x),
               mapply(function(x, h) log(mean(dnorm(x, grid, h))), x, c(0.5, 1, 2)))
})

test_that("a spec holds no function", {
  m <- model(function(y) {
    shape ~ lognormal(0, 1)
    y ~ lomax(shape)
  })
  spec <- model_spec(m, list(y = c(0.5, 3)))
  expect_output(print(spec), "~ lomax", fixed = TRUE)
  expect_false(any(rapply(unclass(spec), is.function, how = "unlist")))
  again <- unserialize(serialize(spec, NULL))
  expect_equal(log_density(again, values = list(shape = 2)), log_density(spec, values = list(shape = 2)))
})

test_that("what cannot be a family says why", {
  f <- function(x, a) -a * x
  expect_snapshot(new_family("f", f, support = c(2, 1)), error = TRUE)
  expect_snapshot(new_family("f", f, support = "real", discrete = TRUE), error = TRUE)
  expect_snapshot(new_family("f", f, cdf = function(x) x), error = TRUE)
  expect_snapshot(new_family("f", f, constraints = list(b = "positive")), error = TRUE)
  expect_snapshot(new_family("f", f, constraints = list(a = "prime")), error = TRUE)
  expect_snapshot(new_family("f", 3), error = TRUE)
  expect_snapshot(dist_lomax(-1), error = TRUE)
  dist_vector <- new_family("vector", function(x, a) c(x, a))
  expect_snapshot(log_density(model(function(y) y ~ vector(1)), list(y = 1)), error = TRUE)
  dist_branch <- new_family("branch", function(x, a) if (x > 0) -x else x)
  expect_snapshot(log_density(model(function(y) y ~ branch(1)), list(y = 1)), error = TRUE)
  leaking <- model(function(y) {
    mu ~ normal(0, 1)
    dist_leak <- new_family("leak", function(x, a) -(x - mu)^2)
    draw("y", dist_leak(1), obs = y)
  })
  expect_snapshot(log_density(leaking, list(y = 1), list(mu = 0)), error = TRUE)
  dist_silent <- new_family("silent", function(x, a) -a * x)
  expect_snapshot(prior_draws(model(function() x ~ silent(1)), draws = 2, seed = 1), error = TRUE)
})

test_that("an argument that leaves its constraint while sampling leaves no density", {
  dist_rated <- new_family("rated", function(x, rate) rate - rate * x, "positive", constraints = list(rate = "positive"))
  m <- model(function(y) {
    a ~ normal(0, 1)
    y ~ rated(a)
  })
  expect_identical(as.numeric(log_density(m, list(y = 1), -0.5)), -Inf)
  expect_equal(as.numeric(log_density(m, list(y = 3), 0.5)), -1 + dnorm(0.5, log = TRUE))
  expect_error(new_family("f", function(x) -x, "pos"), "Did you mean \"positive\"", class = "reparam_error")
  expect_error(new_family(c("a", "b"), function(x) -x), "`name` of a family", class = "reparam_error")
})
