# Moments of 200,000 draws through each reparameterizer, against the site's own draws and the exact moments, and the
# pathwise derivatives of these moments with respect to the site's parameters, against the exact derivatives.
#
# A moment is the mean of a function of x, heavy tails get functions that grow like logarithms at most. Its derivative
# along the draw is
#   d moment / d theta = (d moment / d theta at fixed u) + (d moment / d u) (d u / d theta)
# with u the auxiliary coordinates: the engine's reverse mode gives the derivatives of the moment, and d u / d theta is
# zero for noise that is free of theta, otherwise a difference at common random numbers.
# These are the derivatives of one combination of a law's moments. REPARAM_LONG=1 takes the moments one by one, and runs
# more laws of the same kinds.
n <- 200000
long <- nzchar(Sys.getenv("REPARAM_LONG"))
# The rows weigh the moments.
combinations <- function(k) if (long) diag(k) else rbind(c(1, -0.9, 1.1, -0.8)[seq_len(k)])

# Ends a model: the moments, each with a weight that is a coordinate.
probe <- function(features) {
  w <- draw("w", dist_normal(0, 1), dim = length(features))
  log_factor("probe", sum(w * do.call(c, lapply(features, mean))))
}

# What the parameters of `m` and the auxiliary sites are when the random numbers are those of seed 1.
simulated <- function(m, theta, k, names, data, seed = 1) {
  p <- prior_draws(intervene(m, c(theta, list(w = numeric(k)))), data, draws = 1, seed = seed, keep = names)
  lapply(stats::setNames(names, names), function(name) as.vector(draws(p, name, aux = TRUE)))
}

# slopes: of the combinations (rows) along the parameters (columns).
# along: for each parameter that the auxiliary sites depend on, `function(theta, base)`, their values at theta, given those
# at the base; "simulate": they are drawn from the same seed, whatever the parameter.
pathwise <- function(m, theta, k, auxiliary, along, data, step = 1e-4) {
  spec <- model_spec(m, data)
  log_density <- function(u = NULL, values = NULL, names = FALSE) {
    .Call(ffi_log_density, spec, list(reparam = "none", prune = FALSE, seed = 1, init = values, names = names), u)
  }
  at <- function(theta, noise, names = FALSE) log_density(NULL, c(theta, list(w = numeric(k)), noise), names)
  base <- simulated(m, theta, k, auxiliary, data)
  none <- at(theta, base, names = TRUE)
  u <- none$unconstrained
  weight <- match(sprintf("w[%d]", seq_len(k)), none$unconstrained_names)
  direction <- lapply(names(theta), function(name) {
    moves <- if (identical(along, "simulate")) function(theta, base) simulated(m, theta, k, auxiliary, data) else along[[name]]
    if (is.null(moves)) return(match(name, none$unconstrained_names))
    theta[[name]] <- theta[[name]] + step
    (at(theta, moves(theta, base))$unconstrained - u) / step
  })
  slopes <- apply(combinations(k), 1, function(w) {
    u[weight] <- w
    g <- log_density(u)$gradient - none$gradient
    vapply(direction, function(d) if (length(d) == 1L) g[d] else sum(g * d), 0)
  })
  list(moments = none$gradient[weight], slopes = t(matrix(slopes, length(theta))))
}

# exact: `function(theta)`, the moments. Gradients are compared within 0.05, relative to those above 1.
expect_moments <- function(m, r, theta, features, exact, auxiliary, along = NULL, shape = c, data = list(n = n)) {
  want <- do.call(exact, theta)
  k <- length(want)
  own <- features(shape(simulated(m, theta, k, "x", data, seed = 2)$x))
  mcse <- vapply(own, function(f) stats::sd(f) / sqrt(length(f)), 0)
  got <- pathwise(m |> reparam(x = r), theta, k, auxiliary, along, data)
  expect_lt(max(abs(vapply(own, mean, 0) - want) / mcse), 5)
  expect_lt(max(abs(got$moments - want) / mcse), 5)
  expect_lt(max(abs(got$moments - vapply(own, mean, 0)) / (sqrt(2) * mcse)), 5)
  slopes <- combinations(k) %*% slopes_of(exact, theta)
  expect_lt(max(abs(got$slopes - slopes) / pmax(1, abs(slopes))), 0.05)
}

slopes_of <- function(exact, theta, step = 1e-4) {
  slopes <- lapply(names(theta), function(name) {
    at <- function(by) {
      theta[[name]] <- theta[[name]] + by
      do.call(exact, theta)
    }
    (at(step) - at(-step)) / (2 * step)
  })
  matrix(unlist(slopes), ncol = length(theta))
}

# Moments of a univariate density.
integrated <- function(features, density, lower = -Inf) {
  k <- length(features(1))
  vapply(seq_len(k), function(j) {
    integrate(function(x) features(x)[[j]] * density(x), lower, Inf, rel.tol = 1e-10, subdivisions = 1000)$value
  }, 0)
}

powers <- function(x) list(x, (x - 0.5)^2, (x - 0.5)^3, (x - 0.5)^4)
heavy <- function(x) list(log1p(x^2), atan(x), 1 / (1 + x^2), x / (1 + x^2))

# The same from the characteristic function f on t > 0: integrals over exp(-t) cos(t x) and exp(-t) sin(t x).
heavy_by_characteristic <- function(f) {
  over <- function(g) {
    # t = v^3: f is not smooth at 0
    integrate(function(v) 3 * v^2 * g(v^3), 0, 6, rel.tol = 1e-10, subdivisions = 1000)$value
  }
  c(
    over(function(t) 2 * exp(-t) * (1 - Re(f(t))) / t), over(function(t) exp(-t) * Im(f(t)) / t),
    over(function(t) exp(-t) * Re(f(t))), over(function(t) exp(-t) * Im(f(t)))
  )
}

# Of stable(alpha, beta, s, m), written out from Nolan's S0.
characteristic <- function(alpha, beta, s, m) {
  function(t) {
    shape <- if (alpha == 1) 2 / pi * log(s * t) else tan(pi * alpha / 2) * ((s * t)^(1 - alpha) - 1)
    exp(1i * m * t - (s * t)^alpha * (1 + 1i * beta * shape))
  }
}

test_that("loc_scale", {
  m <- model(function(n) {
    a ~ normal(0, 1)
    s ~ normal(0, 1)
    x[1:n] ~ normal(a, s)
    probe(powers(x))
  })
  exact <- function(a, s) integrated(powers, function(x) dnorm(x, a, s))
  theta <- list(a = 0.5, s = 0.7)
  if (long) expect_moments(m, reparam_loc_scale(0), theta, powers, exact, "x_decentered")
  expect_moments(m, reparam_loc_scale(0.4), theta, powers, exact, "x_decentered", "simulate")
  m <- model(function(n) {
    a ~ normal(0, 1)
    s ~ normal(0, 1)
    x[1:n] ~ cauchy(a, s)
    probe(heavy(x))
  })
  exact <- function(a, s) integrated(heavy, function(x) dcauchy(x, a, s))
  if (long) expect_moments(m, reparam_loc_scale(0.4), theta, heavy, exact, "x_decentered", "simulate")
})

test_that("transform and explicit", {
  features <- function(x) list(x, log(x), sqrt(x), log(x)^2)
  m <- model(function(n) {
    a ~ normal(0, 1)
    s ~ normal(0, 1)
    x[1:n] ~ lognormal(a, s)
    probe(features(x))
  })
  exact <- function(a, s) integrated(features, function(x) dlnorm(x, a, s), 0)
  theta <- list(a = 0.3, s = 0.6)
  expect_moments(m, decenter(), theta, features, exact, "x_base_decentered")
  expect_moments(m, reparam_explicit("exp", inverse = TRUE), theta, features, exact, "x_base", "simulate")
})

test_that("student_t", {
  m <- model(function(n) {
    df ~ normal(0, 1)
    a ~ normal(0, 1)
    s ~ normal(0, 1)
    x[1:n] ~ student_t(df, a, s)
    probe(heavy(x))
  })
  exact <- function(df, a, s) integrated(heavy, function(x) dt((x - a) / s, df) / s)
  # gamma draws are rejected ones: the derivative with respect to df is that of the quantiles
  by_quantile <- function(theta, base) {
    p <- pgamma(base$x_gamma, 0.8, 0.8)
    base$x_gamma <- qgamma(p, theta$df / 2, theta$df / 2)
    base
  }
  r <- list(reparam_student_t(), reparam_loc_scale(0))
  expect_moments(m, r, list(df = 1.6, a = 0.5, s = 0.7), heavy, exact, c("x_gamma", "x_decentered"), list(df = by_quantile))
})

stable_model <- model(function(n) {
  alpha ~ normal(0, 1)
  beta ~ normal(0, 1)
  s ~ normal(0, 1)
  a ~ normal(0, 1)
  x[1:n] ~ stable(alpha, beta, s, a)
  probe(heavy(x))
})

test_that("latent_stable", {
  exact <- function(alpha, beta, s, a) heavy_by_characteristic(characteristic(alpha, beta, s, a))
  auxiliary <- c("x_uniform", "x_exponential")
  for (law in list(c(1, 0.5), c(0.7, -0.3), c(1.5, 0.5))[if (long) 1:3 else 1]) {
    theta <- list(alpha = law[1], beta = law[2], s = 0.7, a = 0.4)
    expect_moments(stable_model, reparam_latent_stable(), theta, heavy, exact, auxiliary)
  }
})

test_that("stable", {
  exact <- function(alpha, beta, s, a) heavy_by_characteristic(characteristic(alpha, beta, s, a))
  auxiliary <- c("x_z_uniform", "x_z_exponential", "x_t_uniform", "x_t_exponential", "x_decentered")
  for (law in list(c(1.5, 0.5), c(1, -0.4), c(0.8, 0.3))[if (long) 1:3 else 1]) {
    theta <- list(alpha = law[1], beta = law[2], s = 0.7, a = 0.4)
    expect_moments(stable_model, list(reparam_stable(), reparam_loc_scale(0)), theta, heavy, exact, auxiliary)
  }
})

test_that("symmetric_stable", {
  m <- model(function(n) {
    alpha ~ normal(0, 1)
    s ~ normal(0, 1)
    a ~ normal(0, 1)
    x[1:n] ~ stable(alpha, 0, s, a)
    probe(heavy(x))
  })
  exact <- function(alpha, s, a) heavy_by_characteristic(characteristic(alpha, 0, s, a))
  r <- list(reparam_symmetric_stable(), reparam_loc_scale(0))
  for (alpha in c(0.8, if (long) c(1, 1.7))) {
    theta <- list(alpha = alpha, s = 0.7, a = 0.4)
    expect_moments(m, r, theta, heavy, exact, c("x_uniform", "x_exponential", "x_decentered"))
  }
})

test_that("quantiles of stable laws", {
  # reference-values.md; the standard error of a quantile is sqrt(p (1 - p) / n) / density
  p <- c(0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
  golden <- list(
    list(1, 0.5, c(-2.940460579, -0.6286864342, 0.2234921057, 1.679156179, 10.06462896, 48.82826894)),
    list(1.5, 0.5, c(-2.254185841, -0.7833136486, 0.1338530423, 1.203410551, 3.93365879, 10.29158434))
  )
  for (g in golden[if (long) 1:2 else 1]) {
    m <- model(function(n) x[1:n] ~ stable(g[[1]], g[[2]], 1, 0))
    density <- exp(dist_log_density(dist_stable(g[[1]], g[[2]], 1, 0), g[[3]]))
    for (r in list(reparam_latent_stable(), reparam_stable())) {
      x <- draws(prior_draws(m |> reparam(x = r), list(n = n), draws = 1, seed = 3), "x")
      expect_lt(max(abs(quantile(x, p) - g[[3]]) * density / sqrt(p * (1 - p) / n)), 5)
    }
  }
})

test_that("gumbel_softmax", {
  # log ratios of relaxed categories are logistic, with location (l_i - l_j) / t and scale 1 / t
  features <- function(x) {
    first <- log(x[, 1]) - log(x[, 2])
    second <- log(x[, 1]) - log(x[, 3])
    list(first, second, first^2, first * second)
  }
  exact <- function(t, a, b) {
    first <- (a - b) / t
    second <- a / t
    c(first, second, first^2 + pi^2 / 3 / t^2, first * second + pi^2 / 6 / t^2)
  }
  m <- model(function(n) {
    t ~ normal(0, 1)
    a ~ normal(0, 1)
    b ~ normal(0, 1)
    x[1:n, 1:3] ~ relaxed_onehot_categorical(t, logits = c(a, b, 0))
    probe(features(x))
  })
  theta <- list(t = 0.8, a = 0.4, b = -0.5)
  rows <- function(x) matrix(x, ncol = 3)
  expect_moments(m, reparam_gumbel_softmax(), theta, features, exact, "x_uniform", shape = rows)
})

test_that("projected_normal", {
  # In terms of the angle to the concentration c the density in three dimensions is that of reference-values.md, so that
  # E x = A c / |c| and E x x' = B c c' / |c|^2 + (1 - B) / 2 (I - c c' / |c|^2), A and B the means of cos and cos^2.
  features <- function(x) list(x[, 1], x[, 3], x[, 1]^2, x[, 1] * x[, 2])
  exact <- function(a, b, c) {
    k <- sqrt(a^2 + b^2 + c^2)
    density <- function(z) {
      t <- k * z
      exp((t^2 - k^2) / 2) * (t * (dnorm(t) + t * pnorm(t)) + pnorm(t))
    }
    mean_of <- function(f) integrate(function(z) f(z) * density(z), -1, 1, rel.tol = 1e-11)$value
    along <- mean_of(identity)
    square <- mean_of(function(z) z^2)
    u <- c(a, b, c) / k
    c(
      along * u[1], along * u[3], square * u[1]^2 + (1 - square) / 2 * (1 - u[1]^2),
      (square - (1 - square) / 2) * u[1] * u[2]
    )
  }
  m <- model(function(n) {
    a ~ normal(0, 1)
    b ~ normal(0, 1)
    c ~ normal(0, 1)
    x[1:n, 1:3] ~ projected_normal(c(a, b, c))
    probe(features(x))
  })
  theta <- list(a = 0.8, b = -0.4, c = 0.3)
  rows <- function(x) matrix(x, ncol = 3)
  expect_moments(m, reparam_projected_normal(), theta, features, exact, "x_normal", shape = rows)
})

test_that("discrete_cosine, haar, unit_jacobian, split", {
  # four correlated numbers: x_i = a + s (e_1 + ... + e_i); 50,000 rows make 200,000 numbers
  features <- function(x) list(x[, 2], x[, 4]^2, x[, 1] * x[, 3], x[, 2]^3)
  exact <- function(a, s) c(a, a^2 + 4 * s^2, a^2 + s^2, a^3 + 6 * a * s^2)
  walk <- lower.tri(diag(4), TRUE) + 0
  m <- model(function(n) {
    a ~ normal(0, 1)
    s ~ normal(0, 1)
    x[1:(n / 4), 1:4] ~ mvn(rep(a, 4), cholesky = s * walk)
    probe(features(x))
  })
  shear <- diag(4)
  shear[1, 4] <- 2
  each <- list(
    x_dct = reparam_discrete_cosine(smooth = 1), x_haar = reparam_haar(), x_transformed = reparam_unit_jacobian(shear)
  )
  rows <- function(x) matrix(x, ncol = 4)
  for (name in names(each)[if (long) 1:3 else 1]) {
    expect_moments(m, each[[name]], list(a = 0.5, s = 0.4), features, exact, name, "simulate", rows)
  }
  parts <- c("x_split_0", "x_split_1")
  if (long) expect_moments(m, reparam_split(c(1, 3)), list(a = 0.5, s = 0.4), features, exact, parts, "simulate", rows)
})

test_that("circular", {
  # E cos(j (x - a)) = I_j(k) / I_0(k)
  features <- function(x) list(cos(x), sin(x), cos(2 * x), sin(2 * x))
  exact <- function(a) {
    ratio <- besselI(1.5, 1:2) / besselI(1.5, 0)
    c(ratio[1] * cos(a), ratio[1] * sin(a), ratio[2] * cos(2 * a), ratio[2] * sin(2 * a))
  }
  m <- model(function(n) {
    a ~ normal(0, 1)
    x[1:n] ~ von_mises(a, 1.5)
    probe(features(x))
  })
  expect_moments(m, reparam_circular(), list(a = 2.6), features, exact, "x_unwrapped", "simulate")
})

test_that("linear_hmm", {
  # the second output is 0.64 z + 0.8 e_1 + e_2 + v: its characteristic function is a product; slopes are central
  # differences of whole simulations at common random numbers
  m <- model(function() {
    s ~ normal(0, 1)
    g ~ normal(0, 1)
    x ~ linear_hmm(dist_stable(1, 0, s, 0), 0.8, dist_normal(0, 0.5), 1, dist_stable(1.5, -0.5, g, 0), 2)
  })
  exact <- function(s, g) {
    noise <- characteristic(1.5, -0.5, g, 0)
    heavy_by_characteristic(function(t) exp(-0.64 * s * t - 0.125 * (1 + 0.64) * t^2) * noise(t))
  }
  simulate <- function(m, theta, seed) {
    x <- draws(prior_draws(m |> intervene(theta), draws = n, seed = seed, keep = "x"), "x")[, 1, 2]
    vapply(heavy(x), function(f) c(mean(f), sd(f) / sqrt(n)), c(0, 0))
  }
  r <- m |> reparam(x = reparam_linear_hmm(init = reparam_symmetric_stable(), obs = reparam_stable()))
  theta <- list(s = 0.5, g = 0.7)
  want <- do.call(exact, theta)
  got <- simulate(r, theta, 1)
  own <- simulate(m, theta, 2)
  expect_lt(max(abs(got[1, ] - want) / own[2, ]), 5)
  expect_lt(max(abs(got[1, ] - own[1, ]) / own[2, ] / sqrt(2)), 5)
  slopes <- slopes_of(function(...) simulate(r, list(...), 1)[1, ], theta)
  expect_lt(max(abs(slopes - slopes_of(exact, theta))), 0.05)
})
