# Mean over the auxiliary sites' priors of the conditional density: with 100,000 draws at a fixed seed its standard error is estimated, and
# the golden density must lie within 4.5 of these.
mean_density <- function(r, stability, skew, at, names, n = 1e5) {
  set.seed(1)
  noise <- lapply(names, function(name) if (grepl("uniform", name)) runif(n, -pi / 2, pi / 2) else rexp(n))
  m <- model(function(n, x = NULL) x ~ stable(stability, skew, rep(1, n), 0)) |> reparam(x = r)
  m <- substitute_sites(m, stats::setNames(noise, names))
  vapply(at, function(x) {
    table <- log_lik(fit_at_once(m, list(n = n, x = rep(x, n))))
    f <- exp(as.vector(table))
    c(mean(f), sd(f) / sqrt(n))
  }, c(0, 0))
}

# A fit without coordinates: everything is fixed or observed.
fit_at_once <- function(m, data) {
  structure(
    list(spec = model_spec(m, data), unconstrained = array(0, c(1, 1, 0)), unconstrained_names = character(),
      control = list(seed = 1, reparam = "none")),
    class = c("reparam_nuts", "reparam_fit")
  )
}

at <- c(-2, -1, 0, 1, 3)
golden <- list(
  list(1.5, 0.5, c(0.0729514702833, 0.208194435543, 0.284283800989, 0.198573023913, 0.0428461930185)),
  list(1, 0.5, c(0.0408866662169, 0.179278437642, 0.292520470566, 0.159936269461, 0.0458000348105))
)

test_that("an observed stable site has its density on average", {
  for (g in golden) {
    got <- mean_density(reparam_stable(), g[[1]], g[[2]], at, c("x_z_uniform", "x_z_exponential", "x_t_uniform", "x_t_exponential"))
    expect_lt(max(abs(got[1, ] - g[[3]]) / got[2, ]), 4.5)
  }
})

test_that("at stability 2 it is a normal, and gradients exist without skew and at stability 1", {
  m <- model(function(skew, x = NULL) x ~ stable(2, skew, 3, 1))
  for (skew in c(0, 0.5)) {
    expect_equal(density_at(m |> reparam(x = reparam_stable()), data = list(skew = skew, x = 2)), dnorm(2, 1, 3 * sqrt(2), TRUE), tolerance = 1e-12)
  }
  learn <- model(function(x) {
    b ~ uniform(-1, 1)
    a ~ uniform(0.5, 2)
    x ~ stable(a, b, 1, 0)
  }) |> reparam(x = reparam_stable())
  noise <- list(x_z_uniform = 0.3, x_z_exponential = 1.2, x_t_uniform = -0.4, x_t_exponential = 0.7)
  gradient <- function(a, b) attr(log_density(learn, list(x = 0.8), c(list(a = a, b = b), noise)), "gradient")
  expect_true(all(is.finite(gradient(1, 0.5))))
  expect_true(all(is.finite(gradient(1, 0))))
  expect_true(all(is.finite(gradient(1.5, 0))))
  expect_equal(gradient(1 + 1e-9, 0.5), gradient(1, 0.5), tolerance = 1e-6)
  expect_true(all(check_reparam(learn, list(x = 0.8))$ok, na.rm = TRUE))
})

test_that("what cannot be is refused", {
  at <- function(...) model(function(x = NULL) x ~ stable(...)) |> reparam(x = reparam_stable())
  expect_snapshot({
    cat(condition_text(log_density(at(1.5, 1), list(x = 1), numeric(4))))
    cat(condition_text(log_density(model(function(x) x ~ normal(0, 1)) |> reparam(x = reparam_stable()), list(x = 1), numeric())))
  })
})

test_that("a regression with stable noise has the posterior of its density, integrated over a grid", {
  x <- seq(-1, 1, length.out = 8)
  y <- 1 + 2 * x + c(0.1, -0.2, 0.05, 1.9, -0.1, 0.15, -0.3, 0.1)
  m <- model(function(x, y) {
    a ~ normal(0, 5)
    b ~ normal(0, 5)
    y ~ stable(1.5, 0.4, 0.3, a + b * x)
  })
  a <- seq(-0.5, 2.5, length.out = 61)
  b <- seq(-0.5, 4.5, length.out = 61)
  grid <- expand.grid(a = a, b = b)
  residual <- as.vector(outer(grid$a, rep(1, 8)) * -1 - outer(grid$b, x) + rep(y, each = nrow(grid)))
  noise <- matrix(dist_log_density(dist_stable(1.5, 0.4, 0.3, 0), residual), nrow(grid))
  weight <- exp(rowSums(noise) + dnorm(grid$a, 0, 5, log = TRUE) + dnorm(grid$b, 0, 5, log = TRUE))
  exact <- c(sum(weight * grid$a), sum(weight * grid$b)) / sum(weight)
  exact_sd <- sqrt(c(sum(weight * grid$a^2), sum(weight * grid$b^2)) / sum(weight) - exact^2)
  table <- summary(fit_nuts(m |> reparam(y = reparam_stable()), list(x = x, y = y), seed = 1))
  expect_true(all(abs(table$mean - exact) < 4 * table$mcse_mean))
  # The standard error of a standard deviation is about sd / sqrt(2 n), here with at least 1500 effective draws, 4 of them.
  expect_equal(table$sd, exact_sd, tolerance = 4 / sqrt(2 * 1500))
})
