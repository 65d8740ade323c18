map <- function(stability, skew, u, e) {
  m <- model(function(a, b) x ~ stable(a, b, 1, 0)) |> reparam(x = reparam_latent_stable())
  value_when(m, "x", x_uniform = u, x_exponential = e, data = list(a = stability, b = skew))
}

test_that("the golden map", {
  at <- function(a, b) c(map(a, b, 0.3, 1.2), map(a, b, -1.1, 0.4), map(a, b, 1.4, 2.5))
  expect_equal(at(0.5, 1), c(0.1829059417, 0.3219068690, 26.4908987725), tolerance = 1e-9)
  expect_equal(at(1.5, 0.5), c(0.4836239265, -0.9235862373, 5.2994096429), tolerance = 1e-9)
  expect_equal(at(2, 0), c(0.6474523335, -1.1272980501, 3.1162656664), tolerance = 1e-9)
  for (eps in c(-1e-10, 1e-10)) expect_lt(abs(map(1 + eps, 0.5, 0.3, 1.2) - map(1, 0.5, 0.3, 1.2)), 1e-8)
})

test_that("starting values are inverted", {
  m <- model(function(a, b, y) {
    x ~ stable(a, b, 2, 1)
    y ~ normal(x, 1)
  }) |> reparam(x = reparam_latent_stable())
  for (law in list(c(0.7, 0.3), c(1, 0.5), c(1.5, 0), c(1.9, 0.9), c(2, 0))) {
    for (x in c(-30, -1, 0, 2, 500)) {
      u <- coordinates_at(m, list(x = x), list(a = law[1], b = law[2], y = 0))
      back <- 1 + 2 * map(law[1], law[2], pi * (plogis(u[1]) - 0.5), exp(u[2]))
      expect_equal(back, x, tolerance = 1e-5)
    }
  }
})

test_that("the prior is that of the sampler", {
  m <- model(function() x ~ stable(1.3, -0.4, 2, 1)) |> reparam(x = reparam_latent_stable())
  expect_identity(m, applies = c("gradient", "support", "distribution", "inverse"))
})

test_that("observed sites are refused, with the one to use", {
  m <- model(function(x) x ~ stable(1.5, 0.5)) |> reparam(x = reparam_latent_stable())
  expect_snapshot(cat(condition_text(log_density(m, list(x = 1), numeric(2), reparam = "none"))))
})

test_that("a walk with stable steps has the posterior of its density, integrated over a grid", {
  m <- model(function(y) {
    step[1:2] ~ stable(1.5, 0, 0.3)
    y ~ normal(cumsum(step), 0.3)
  })
  at <- seq(-3, 9, length.out = 1201)
  log_step <- dist_log_density(dist_stable(1.5, 0, 0.3, 0), at)
  y <- c(0.4, 5.2)
  weight <- outer(at, at, function(s, t) dnorm(y[1], s, 0.3, log = TRUE) + dnorm(y[2], s + t, 0.3, log = TRUE)) +
    outer(log_step, log_step, "+")
  weight <- exp(weight - max(weight))
  exact <- c(sum(rowSums(weight) * at), sum(colSums(weight) * at)) / sum(weight)
  for (r in list(reparam_latent_stable(), reparam_symmetric_stable())) {
    table <- summary(fit_nuts(m |> reparam(step = r), list(y = y), seed = 1, adapt_delta = 0.95))
    expect_true(all(abs(table$mean - exact) < 4 * table$mcse_mean))
  }
})

test_that("with a location that is inferred, posteriors are those of quadrature, also when centering is asked for", {
  y <- c(1, 2, 6)
  # t ~ normal(0, 1), x ~ f(x - t), y ~ normal(x, 1): x integrated out, then mean and sd of t
  exact <- function(f) {
    given <- function(t) {
      prod(vapply(y, function(v) {
        integrate(function(x) f(x - t) * dnorm(v, x, 1), v - 12, v + 12, rel.tol = 1e-10)$value
      }, 0))
    }
    weight <- Vectorize(function(t) dnorm(t) * given(t))
    power <- function(k) integrate(function(t) t^k * weight(t), -6, 8)$value
    mean <- power(1) / power(0)
    c(mean, sqrt(power(2) / power(0) - mean^2))
  }
  cauchy <- model(function(y) {
    t ~ normal(0, 1)
    x[1:3] ~ stable(1, 0, 0.5, t)
    y ~ normal(x, 1)
  })
  student <- model(function(y) {
    t ~ normal(0, 1)
    x[1:3] ~ student_t(3, t, 0.5)
    y ~ normal(x, 1)
  })
  cases <- list(
    list(cauchy, "auto", function(e) dcauchy(e, 0, 0.5)),
    list(reparam(cauchy, x = decenter()), "minimal", function(e) dcauchy(e, 0, 0.5)),
    list(reparam(student, x = list(decenter(), reparam_student_t())), "minimal", function(e) 2 * dt(2 * e, 3))
  )
  for (case in cases) {
    fit <- fit_nuts(case[[1]], list(y = y), chains = 2, iter_warmup = 500, iter_sampling = 1000, reparam = case[[2]],
                    prune = FALSE, seed = 1)
    want <- exact(case[[3]])
    s <- subset(summary(fit), variable == "t")
    expect_lt(abs(s$mean - want[1]) / (s$sd / sqrt(s$ess_bulk)), 4)
    # an sd of n effective draws has relative error 1 / sqrt(2 n)
    expect_lt(abs(s$sd / want[2] - 1), 4 / sqrt(2 * s$ess_bulk))
  }
  # An element that nothing depends on keeps its own distribution: P(|x - t| < 1) of a Cauchy of scale .5.
  alone <- model(function() {
    t ~ normal(0, 1)
    x ~ stable(1, 0, 0.5, t)
  })
  fit <- fit_nuts(alone, chains = 2, iter_warmup = 500, iter_sampling = 1000, reparam = "auto", prune = FALSE, seed = 1)
  near <- mean(abs(draws(fit, "x") - draws(fit, "t")) < 1)
  # at least 500 of the 2000 draws are independent
  expect_lt(abs(near - (1 - 2 * pcauchy(-1, 0, 0.5))), 4 * sqrt(0.25 / 500))
})
