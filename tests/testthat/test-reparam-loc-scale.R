m <- model(function(x = NULL) x ~ normal(1.5, 0.3))

test_that("log p(z) and x have the golden values, and log p(z) = log p(x) + (1 - c) log s", {
  golden <- list(list(0, 1.71, -1.1639385332), list(0.25, 1.6317420151, -0.7143673240), list(0.5, 1.4726138721, -0.3211187977))
  for (g in golden) {
    r <- m |> reparam(x = reparam_loc_scale(g[[1]]))
    expect_equal(value_when(r, "x", x_decentered = 0.7), g[[2]], tolerance = 1e-9)
    log_z <- density_at(r, list(x_decentered = 0.7))
    expect_equal(log_z, g[[3]], tolerance = 1e-9)
    expect_equal(log_z, dnorm(g[[2]], 1.5, 0.3, log = TRUE) + (1 - g[[1]]) * log(0.3), tolerance = 1e-9)
  }
})

test_that("an observed site keeps its density for any centering", {
  for (c in list(0, 0.25, 1, 0L, 1L)) {
    expect_equal(density_at(m |> reparam(x = reparam_loc_scale(c)), data = list(x = 1.2)), -0.2149657289, tolerance = 1e-9)
  }
  l <- model(function(x) x ~ lognormal(0.5, 0.3))
  expect_equal(density_at(l |> reparam(x = decenter()), data = list(x = 1.2)), -0.4579516928, tolerance = 1e-9)
  expect_equal(density_at(m |> reparam(x = reparam_loc_scale(0)) |> condition(x = 1.2)), -0.2149657289, tolerance = 1e-9)
})

test_that("every family with location and scale, any centering, also by element", {
  for (d in list(
    dist_normal(c(1, 2, 3), 2), dist_student_t(4, 1, c(1, 2, 3)), dist_cauchy(1, 2), dist_laplace(1, 2), dist_logistic(0, 2),
    dist_gumbel(1, 2)
  )) {
    f <- model(function() draw("x", d, dim = 3))
    expect_identity(f |> reparam(x = reparam_loc_scale(0)))
    expect_identity(f |> reparam(x = reparam_loc_scale(c(0, 0.4, 1))))
  }
})

test_that("centered = 1 keeps the site, whatever the fit's strategy", {
  h <- model(function(y) {
    tau ~ half_normal(1)
    theta[1:2] ~ normal(0, tau)
    y ~ normal(theta, 1)
  })
  map <- reparam_map(h |> reparam(theta = reparam_loc_scale(1)), list(y = c(1, 2)), reparam = "auto")
  expect_identical(map$kind[map$site == "theta"], "latent")
})

test_that("what cannot be is refused with names", {
  expect_snapshot({
    cat(condition_text(density_at(model(function() x ~ gamma(1, 1)) |> reparam(x = reparam_loc_scale(0)), list(x = 1))))
    cat(condition_text(density_at(model(function() x ~ lognormal(1, 1)) |> reparam(x = reparam_loc_scale(0)), list(x = 1))))
    cat(condition_text(density_at(m |> reparam(x = reparam_loc_scale(c(0, 1))), list(x = 1))))
    cat(condition_text(density_at(m |> reparam(x = reparam_loc_scale(0, "df")), list(x = 1))))
    t <- model(function() x ~ student_t(4, 0, 1))
    cat(condition_text(density_at(t |> reparam(x = reparam_loc_scale(0, character())), list(x = 1))))
  })
  expect_equal(density_at(model(function() x ~ student_t(4, 0, 2)) |> reparam(x = reparam_loc_scale(0, "df")), list(x = 1)),
    dt(0.5, 4, log = TRUE), tolerance = 1e-12)
})

test_that("fit_svi() learns the centering at which mean field is exact", {
  # z = x - (1 - c) mu has no posterior correlation with mu at c = 1 / (1 + sigma^2): then the ELBO is the evidence
  nn <- model(function(y, sigma) {
    mu ~ normal(0, 1)
    x ~ normal(mu, 1)
    y ~ normal(x, sigma)
  })
  for (sigma in c(0.5, 1, 2)) {
    data <- list(y = 1.3, sigma = sigma)
    evidence <- dnorm(1.3, 0, sqrt(2 + sigma^2), log = TRUE)
    for (seed in 1:3) {
      # The ELBO is flat there, 0.03 in c are 0.002 nats at most: too little for steps = "auto" to wait for.
      fit <- fit_svi(nn |> reparam(x = reparam_loc_scale()), data, seed = seed, steps = 15000)
      expect_equal(centering(fit)$c, 1 / (1 + sigma^2), tolerance = 0.03 * (1 + sigma^2))
      expect_lt(abs(fit$elbo[["mean"]] - evidence), 0.003)
    }
    expect_lt(fit_svi(nn, data, seed = 1)$elbo[["mean"]], evidence - 0.02)
  }
})

test_that("learned centering belongs to elements, is Pyro's formula, and its table fixes NUTS", {
  many <- model(function(y, sigma) {
    mu ~ normal(0, 1)
    x[1:3] ~ normal(mu, exp(mu))
    y ~ normal(x, sigma)
  })
  data <- list(y = c(1, -0.5, 2), sigma = c(0.2, 1, 5))
  fit <- fit_svi(many |> reparam(x = reparam_loc_scale()), data, seed = 1)
  table <- centering(fit)
  expect_identical(table$element, 1:3)
  expect_true(all(diff(table$c) < 0))
  expect_identical(unique(table$s0), 1)
  # at random coordinates: x = m + s^(1 - c) (z - c m), log f(z | c m, s^c)
  spec <- model_spec(many |> reparam(x = reparam_loc_scale()), data)
  control <- list(reparam = "minimal", prune = FALSE, seed = 1, centering = "learned")
  u <- c(0.3, -1, 0, 2, 0.5, -0.7, 1.1)
  got <- .Call(ffi_log_density, spec, control, u)$value
  c <- plogis(u[2:4])
  s <- exp(0.3)
  x <- 0.3 + s^(1 - c) * (u[5:7] - c * 0.3)
  want <- dnorm(0.3, log = TRUE) + sum(dnorm(u[5:7], c * 0.3, s^c, log = TRUE)) + sum(dnorm(data$y, x, data$sigma, log = TRUE))
  expect_equal(got, want, tolerance = 1e-12)
  again <- fit_nuts(many, data, chains = 2, iter_warmup = 100, iter_sampling = 50, seed = 1, reparam = table)
  expect_identical(unique(centering(again)$c), table$c)
})

test_that("multivariate normals are decentered through their Cholesky factor, with any centering of the elements", {
  m <- model(function(y) {
    s ~ half_normal(1)
    mu ~ normal(0, 1)
    L <- rbind(c(s, 0, 0), c(0.5, 1 + s, 0), c(-0.3, mu, 2))
    b[1:4, 1:3] ~ mvn(c(mu, 1, 2 * mu), cholesky = L)
    y ~ normal(b[, 2], 1)
  })
  data <- list(y = c(1, 0, 2, -1))
  expect_identity(m |> reparam(b = reparam_loc_scale(0)), data)
  expect_identity(m |> reparam(b = reparam_loc_scale(rep(c(0, 0.4, 1), each = 4))), data)
  weighed <- model(function(y) {
    s ~ half_normal(1)
    with_scale(2.5, b[1:2] ~ mvn(c(0, 1), s * matrix(c(2, 0.5, 0.5, 1), 2)))
    y ~ normal(b[1], 1)
  })
  for (c in c(0, 0.3)) expect_identity(weighed |> reparam(b = reparam_loc_scale(c)), list(y = 1))
})
