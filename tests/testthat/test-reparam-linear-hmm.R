a <- matrix(c(0.9, 0.1, 0, 0.8), 2)

# Missing outputs are integrated out, as in a fit.
pruned_density <- function(m, values, data) as.numeric(log_density(m, data, values, reparam = "none"))

# Mean and standard deviation of a stable site that reparam_stable() has made normal, read off its log density.
normal_given <- function(r, stability, skew, scale, location, noise) {
  m <- model(function(x) x ~ stable(stability, skew, scale, location)) |> reparam(x = r)
  f <- vapply(c(-1, 0, 1), function(x) density_at(m, noise, list(x = x)), 0)
  curvature <- f[1] - 2 * f[2] + f[3]
  c(mean = -(f[3] - f[1]) / 2 / curvature, sd = 1 / sqrt(-curvature))
}

test_that("with normal noise it is gaussian_hmm", {
  noises <- list(dist_mvn(c(0.1, 0), diag(c(1, 2))), dist_normal(c(0, 0.5), c(0.3, 0.4)), dist_normal(0.2, 0.4))
  linear <- model(function(y) y ~ linear_hmm(noises[[1]], a, noises[[2]], c(1, 2), noises[[3]], 4))
  gaussian <- model(function(y) y ~ gaussian_hmm(noises[[1]], a, noises[[2]], c(1, 2), noises[[3]], 4))
  for (y in list(c(0.3, -0.1, 0.8, 1.2), c(0.3, NA, NA, 1))) {
    want <- as.numeric(log_density(gaussian, list(y = y)))
    expect_equal(as.numeric(log_density(linear, list(y = y))), want, tolerance = 1e-12)
    expect_equal(pruned_density(linear |> reparam(y = reparam_linear_hmm()), list(), list(y = y)), want, tolerance = 1e-12)
  }
})

test_that("Student's noise: given the precisions, the density is the Kalman filter's", {
  m <- model(function(y) {
    y ~ linear_hmm(dist_student_t(4, 0, 1), a, dist_student_t(5, c(0, 1), c(0.5, 1)), c(1, 2), dist_student_t(3, 0.1, 0.4), 4)
  }) |> reparam(y = reparam_linear_hmm(reparam_student_t(), reparam_student_t(), reparam_student_t()))
  set.seed(3)
  g <- list(y_init_gamma = rgamma(2, 2, 2), y_trans_gamma = matrix(rgamma(8, 2, 2), 4), y_obs_gamma = rgamma(4, 2, 2))
  trans_sd <- cbind(0.5 / sqrt(g[[2]][, 1]), 1 / sqrt(g[[2]][, 2]))
  given <- dist_gaussian_hmm(
    dist_normal(0, 1 / sqrt(g[[1]])), a, dist_normal(cbind(0, rep(1, 4)), trans_sd), c(1, 2),
    dist_normal(0.1, matrix(0.4 / sqrt(g[[3]]), 4)), 4
  )
  # the densities of the precisions, with the Jacobian of their logarithms
  prior <- sum(mapply(function(g, half) sum(dgamma(g, half, half, log = TRUE) + log(g)), g, c(2, 2.5, 1.5)))
  for (y in list(c(0.3, -0.1, 0.8, 1.2), c(0.3, NA, NA, 1))) {
    expect_equal(pruned_density(m, g, list(y = y)), site_log_density(given, y) + prior, tolerance = 1e-11)
  }
})

test_that("Cauchy noise is Student's with one degree of freedom", {
  of <- function(noise) model(function(y) y ~ linear_hmm(dist_normal(0, 1), 0.9, noise, 1, dist_normal(0, 0.4), 3))
  g <- list(y_trans_gamma = c(0.5, 1.2, 2))
  at <- function(m) pruned_density(m |> reparam(y = reparam_linear_hmm()), g, list(y = c(0.3, NA, 1)))
  expect_identical(at(of(dist_cauchy(0, 0.5))), at(of(dist_student_t(1, 0, 0.5))))
})

test_that("stable noise: given its auxiliary sites, the density is the Kalman filter's; lognormal outputs are a transform", {
  m <- model(function(y) {
    y ~ linear_hmm(dist_stable(1, 0, 1, 0), 0.9, dist_normal(0, 0.5), 1, dist_stable(1.5, -0.5, 0.8, 0.1), 3, transforms = "exp")
  }) |> reparam(y = reparam_linear_hmm(init = reparam_symmetric_stable(), obs = reparam_stable()))
  y <- c(0.5, 2, 1.3)
  uniforms <- c(0.3, -0.7, 1.1)
  exponentials <- c(0.4, 1.2, 2)
  noise <- list(y_obs_z_uniform = uniforms, y_obs_z_exponential = exponentials, y_obs_t_uniform = -uniforms, y_obs_t_exponential = 2 / exponentials)
  init <- list(y_init_uniform = 0.2, y_init_exponential = 0.9)
  first <- normal_given(reparam_symmetric_stable(), 1, 0, 1, 0, list(x_uniform = 0.2, x_exponential = 0.9))
  obs <- vapply(1:3, function(t) {
    own <- lapply(noise, `[`, t)
    names(own) <- sub("y_obs", "x", names(own))
    normal_given(reparam_stable(), 1.5, -0.5, 0.8, 0.1, own)
  }, c(0, 0))
  given <- dist_gaussian_hmm(
    dist_normal(first[1], first[2]), 0.9, dist_normal(0, 0.5), 1, dist_normal(matrix(obs[1, ], 3), matrix(obs[2, ], 3)), 3
  )
  got <- density_at(m, c(noise, init), list(y = y)) - density_at(m, c(noise, init), list(y = c(1, 1, 1)))
  want <- site_log_density(given, log(y)) - sum(log(y)) - site_log_density(given, c(0, 0, 0))
  # the means and deviations are second differences of log densities, right to about 1e-10
  expect_equal(got, want, tolerance = 1e-8)
})

# The example of Pyro's page on reparameterizers.
pyro <- model(function(steps = 5, x = NULL) {
  x ~ linear_hmm(
    dist_stable(1, 0, 1, 0), diag(2), dist_mvn(c(0, 0), diag(2)), diag(2), dist_stable(1.5, -0.5, 1, 0), steps, transforms = "exp"
  )
})
pyro_reparam <- pyro |> reparam(x = reparam_linear_hmm(init = reparam_symmetric_stable(), obs = reparam_stable()))

test_that("Pyro's example has the law of its simulation", {
  n <- 4000
  stable <- matrix(site_draws(dist_expand(dist_stable(1.5, -0.5, 1, 0), 2), n, seed = 5), n)
  set.seed(5)
  z <- matrix(rcauchy(2 * n), n)
  for (t in 1:5) z <- z + rnorm(2 * n)
  want <- z + stable
  got <- log(draws(prior_draws(pyro_reparam, draws = n, seed = 6), "x")[, 1, 5, ])
  # Kolmogorov's test at a fixed seed and level 1e-3
  for (k in 1:2) expect_gt(suppressWarnings(ks.test(got[, k], want[, k])$p.value), 1e-3)
  expect_setequal(
    strsplit(reparam_map(pyro_reparam)$auxiliary, ", ")[[1]],
    c("x_init_uniform", "x_init_exponential", "x_obs_z_uniform", "x_obs_z_exponential", "x_obs_t_uniform", "x_obs_t_exponential", "x_state")
  )
})

test_that("Pyro's example runs, with missing outputs", {
  x <- draws(prior_draws(pyro, list(steps = 5), draws = 1, seed = 3), "x")[1, 1, , ]
  x[3, 2] <- NA
  fit <- fit_nuts(pyro_reparam, list(steps = 5, x = x), chains = 2, iter_warmup = 200, iter_sampling = 200, seed = 1)
  completed <- draws(fit, "x")
  expect_true(all(completed > 0))
  expect_equal(completed[7, 2, , 1], x[, 1])
  expect_gt(sd(log(completed[, , 3, 2])), 0.1)
})

test_that("the identity holds, latent and observed", {
  applies <- c("gradient", "support", "density", "distribution")
  heavy <- model(function(y = NULL) {
    s ~ lognormal(0, 0.5)
    y ~ linear_hmm(dist_normal(0, 1), a, dist_student_t(4, 0, s), c(1, 2), dist_stable(1.6, 0.3, 0.5, 0), 3)
  }) |> reparam(y = reparam_linear_hmm())
  expect_identity(heavy, applies = applies)
  expect_identity(heavy, list(y = c(0.3, NA, 1)), applies = applies[1:3])
  plain <- model(function() y ~ linear_hmm(dist_normal(0, 1), a, dist_normal(0, 1), c(1, 2), dist_normal(0, 0.5), 3))
  expect_identity(plain |> reparam(y = reparam_linear_hmm()), applies = c(applies, "inverse"))
})

test_that("simulation-based calibration: the rank of the true parameter is uniform", {
  # Talts et al. (2018). Robust steps and outputs of heavy tails; 40 data sets, 99 thinned draws each.
  m <- model(function(y = NULL) {
    s ~ lognormal(-0.5, 0.7)
    y ~ linear_hmm(dist_normal(0, 1), 1, dist_stable(1.7, 0, s, 0), 1, dist_student_t(3, 0, 0.5), 10)
  })
  sims <- prior_draws(m, draws = 40, seed = 7)
  truth <- draws(sims, "s")[, 1]
  data <- draws(sims, "y")
  ranks <- vapply(1:40, function(k) {
    y <- data[k, 1, ]
    y[c(3, 8)] <- NA
    fit <- fit_nuts(m, list(y = y), chains = 1, iter_warmup = 300, iter_sampling = 990, thin = 10, keep = "s", seed = k)
    mean(draws(fit, "s") < truth[k])
  }, 0)
  # uniform on (0, 1): at level 1e-3, once for all at these seeds
  expect_gt(suppressWarnings(ks.test(ranks, "punif")$p.value), 1e-3)
})

test_that("independent_hmm is several series side by side", {
  models <- lapply(1:3, function(k) dist_gaussian_hmm(dist_normal(0, k), 0.5 + k / 10, dist_normal(0, 0.4), 1, dist_normal(k / 5, 0.3), 4))
  set.seed(8)
  y <- matrix(rnorm(12), 4)
  y[c(2, 7)] <- NA
  want <- sum(vapply(1:3, function(k) site_log_density(models[[k]], y[, k]), 0))
  expect_equal(site_log_density(dist_independent_hmm(models), y), want, tolerance = 1e-12)
  one <- sum(vapply(1:3, function(k) site_log_density(models[[1]], y[, k]), 0))
  expect_equal(site_log_density(dist_independent_hmm(models[[1]], 3), y), one, tolerance = 1e-12)
  # as many models as steps: their arguments are not those of steps
  square <- lapply(1:4, function(k) dist_gaussian_hmm(dist_normal(0, k), 0.5 + k / 10, dist_normal(0, 0.4), 1, dist_normal(k / 5, 0.3), 4))
  want <- sum(vapply(1:4, function(k) site_log_density(square[[k]], cbind(y, 1)[, k]), 0))
  expect_equal(site_log_density(dist_independent_hmm(square), cbind(y, 1)), want, tolerance = 1e-12)
  # two of them
  both <- aperm(simplify2array(list(y, y + 1)), c(3, 1, 2))
  m <- model(function(y) draw("y", dist_independent_hmm(models), obs = y))
  want <- site_log_density(dist_independent_hmm(models), y) + site_log_density(dist_independent_hmm(models), y + 1)
  expect_equal(as.numeric(log_density(m, list(y = both))), want, tolerance = 1e-12)
})

test_that("independent series with Student's noise", {
  hmm <- dist_linear_hmm(dist_normal(0, 1), 0.9, dist_normal(0, 0.5), 1, dist_student_t(3, 0, 0.4), 3)
  m <- model(function(y) y ~ independent_hmm(hmm, 2)) |> reparam(y = reparam_linear_hmm(obs = reparam_student_t()))
  y <- cbind(c(0.3, NA, 1), c(2, 1, 0))
  g <- matrix(c(0.5, 1.2, 2, 0.8, 0.7, 1.5), 3)
  want <- sum(vapply(1:2, function(k) {
    site_log_density(dist_gaussian_hmm(dist_normal(0, 1), 0.9, dist_normal(0, 0.5), 1, dist_normal(0, matrix(0.4 / sqrt(g[, k]), 3)), 3), y[, k])
  }, 0)) + sum(dgamma(g, 1.5, 1.5, log = TRUE) + log(g))
  expect_equal(pruned_density(m, list(y_obs_gamma = g), list(y = y)), want, tolerance = 1e-11)
})

test_that("with_scale() raises the density to a power where it has a formula", {
  with_noise <- function(noise, scale) {
    model(function(y = NULL) with_scale(scale, y ~ linear_hmm(dist_normal(0, 1), 0.9, dist_normal(0, 0.5), 1, noise, 3)))
  }
  y <- c(0.3, -0.1, 1.2)
  for (noise in list(dist_stable(2, 0.5, 0.4, 0), dist_normal(0, 0.4))) {
    one <- pruned_density(with_noise(noise, 1) |> reparam(y = reparam_linear_hmm()), list(), list(y = y))
    more <- pruned_density(with_noise(noise, 2.5) |> reparam(y = reparam_linear_hmm()), list(), list(y = y))
    expect_equal(more, 2.5 * one, tolerance = 1e-12)
  }
  latent <- with_noise(dist_normal(0, 0.4), 0.3) |> reparam(y = reparam_linear_hmm())
  expect_equal(density_at(latent, list(y = y)), 0.3 * one, tolerance = 1e-12)
  m <- with_noise(dist_student_t(3, 0, 0.4), 2) |> reparam(y = reparam_linear_hmm())
  expect_snapshot(cat(condition_text(pruned_density(m, list(), list(y = y)))))
})

test_that("what cannot be is refused", {
  noise <- dist_normal(0, 1)
  with_noise <- function(d, r = reparam_linear_hmm()) {
    model(function(y) y ~ linear_hmm(noise, 1, d, 1, noise, 3)) |> reparam(y = r)
  }
  refuse <- function(m) cat(condition_text(log_density(m, list(y = 1:3), reparam = "none")))
  expect_snapshot(error = TRUE, {
    dist_linear_hmm(noise, 1, noise, 1, noise)
    dist_linear_hmm(noise, 1, dist_dirichlet(c(1, 1)), 1, noise, 3)
    dist_linear_hmm(noise, diag(2), dist_laplace(1:3, 1), c(1, 0), noise, 3)
    dist_independent_hmm(dist_gaussian_hmm(noise, 1, noise, matrix(1, 1, 2), noise, 3), 2)
    dist_independent_hmm(dist_normal(0, 1), 2)
    dist_independent_hmm(list(dist_gaussian_hmm(noise, 1, noise, 1, noise, 3), dist_gaussian_hmm(noise, 1, noise, 1, noise, 4)))
    reparam_linear_hmm(obs = "stable")
  })
  expect_snapshot({
    refuse(with_noise(dist_laplace(0, 1)))
    refuse(with_noise(dist_normal(0, 1), reparam_linear_hmm(trans = reparam_stable())))
    refuse(with_noise(dist_stable(1.5, 0, 1, 0), reparam_linear_hmm(trans = reparam_latent_stable())))
    refuse(model(function(y) y ~ normal(0, 1)) |> reparam(y = reparam_linear_hmm()))
    refuse(model(function(y) y ~ linear_hmm(noise, 1, noise, 1, noise, 3)))
  })
})
