# Discrete latent sites are summed out. References: the same models with the discrete sites conditioned on, summed over
# all combinations of their values; closed forms and the forward algorithm written in R.

log_sum_exp <- function(x) max(x) + log(sum(exp(x - max(x))))

# The log density and its gradient, summed over all values of the discrete sites (named list: site -> values of each of
# its
# elements, `n` elements each).
enumerated <- function(m, data, values, support, n) {
  grid <- as.matrix(expand.grid(rep(support, n)))
  site <- rep(names(support), n)
  each <- lapply(seq_len(nrow(grid)), function(i) {
    given <- lapply(split(unname(grid[i, ]), site), as.double)
    log_density(do.call(condition, c(list(m), given)), data, values, prune = FALSE)
  })
  terms <- vapply(each, as.numeric, 0)
  gradients <- vapply(each, function(x) attr(x, "gradient"), attr(each[[1]], "gradient"))
  weights <- exp(terms - log_sum_exp(terms))
  gradients <- matrix(gradients, ncol = length(terms))
  list(value = log_sum_exp(terms), gradient = as.vector(gradients[, weights > 0,
    drop = FALSE] %*% weights[weights > 0]))
}

expect_summed <- function(m, data, values, support, n) {
  summed <- log_density(m, data, values, prune = FALSE)
  reference <- enumerated(m, data, values, support, n)
  expect_equal(as.numeric(summed), reference$value, tolerance = 1e-12)
  expect_equal(unname(attr(summed, "gradient")), reference$gradient, tolerance = 1e-10)
}

forward <- function(log_emission, transition, initial) {
  alpha <- log(initial) + log_emission[1, ]
  for (t in seq_len(nrow(log_emission))[-1]) {
    top <- max(alpha)
    alpha <- top + log(colSums(exp(alpha - top) * transition)) + log_emission[t, ]
  }
  log_sum_exp(alpha)
}

y12 <- c(-1.6, -0.8, -1.8, 0.6, -0.7, 1.2, 2.5, 2.7, 2.6, 1.7, 3.5, 2.4)

mixture_by_indicators <- model(function(y) {
  mu[1:2] ~ normal(0, 2)
  p ~ beta(2, 2)
  z[seq_along(y)] ~ bernoulli(p)
  y ~ normal(mu[z + 1], 1)
})

hidden_chain <- model(function(y, K) {
  mu[1:K] ~ normal(0, 3)
  stay ~ beta(4, 2)
  P <- matrix((1 - stay) / (K - 1), K, K)
  diag(P) <- stay
  z[1] ~ categorical(rep(1 / K, K))
  y[1] ~ normal(mu[z[1]], 1)
  for (t in 2:length(y)) {
    z[t] ~ categorical(P[z[t - 1], ])
    y[t] ~ normal(mu[z[t]], 1)
  }
})

test_that("a mixture by indicators is dist_mixture()", {
  direct <- model(function(y) {
    mu[1:2] ~ normal(0, 2)
    p ~ beta(2, 2)
    y ~ mixture(normal(mu[1], 1), normal(mu[2], 1), weights = c(1 - p, p))
  })
  at <- list(mu = c(-1, 2), p = 0.3)
  a <- log_density(mixture_by_indicators, list(y = y12), at)
  b <- log_density(direct, list(y = y12), at)
  expect_equal(as.numeric(a), as.numeric(b), tolerance = 1e-15)
  expect_equal(attr(a, "gradient"), attr(b, "gradient"), tolerance = 1e-14)
  one_by_one <- model(function(y) {
    mu[1:2] ~ normal(0, 2)
    p ~ beta(2, 2)
    for (i in seq_along(y)) {
      z[i] ~ bernoulli(p)
      y[i] ~ normal(ifelse(z[i] == 1, mu[2], mu[1]), 1)
    }
  })
  expect_equal(log_density(one_by_one, list(y = y12), at), a, tolerance = 1e-14)
})

test_that("other ways to use an indicator", {
  at <- list(mu = c(-1, 2, 0.5), p = c(0.5, 0.3, 0.2))
  forms <- list(
    model(function(y) {
      mu[1:3] ~ normal(0, 2)
      p ~ dirichlet(rep(1, 3))
      z[1:4] ~ categorical(p)
      y ~ normal(mu[z], 0.5 + z / 2)
    }),
    model(function(y) {
      mu[1:3] ~ normal(0, 2)
      p ~ dirichlet(rep(1, 3))
      z[1:4] ~ categorical(p)
      y ~ normal(ifelse(z == 2, mu[2], mu[1] + mu[3] * (z - 1)), exp(z / 4))
    }),
    model(function(y) {
      mu[1:3] ~ normal(0, 2)
      p ~ dirichlet(rep(1, 3))
      z[1:4] ~ categorical(p)
      log_factor("y", sum(dnorm(y, mu[z], 1, log = TRUE)) - sum(abs(z - y)))
    })
  )
  for (m in forms) expect_summed(m, list(y = c(-1, 0.2, 3, 1)), at, list(z = 1:3), 4)
})

test_that("zero inflation by hand is dist_zero_inflated()", {
  counts <- c(0, 3, 1, 0, 0, 5, 2)
  by_hand <- model(function(y) {
    rate ~ gamma(2, 1)
    p ~ beta(1, 1)
    z[seq_along(y)] ~ bernoulli(p)
    y ~ poisson(ifelse(z == 1, 0, rate))
  })
  direct <- model(function(y) {
    rate ~ gamma(2, 1)
    p ~ beta(1, 1)
    y ~ zero_inflated(poisson(rate), p)
  })
  at <- list(rate = 2.5, p = 0.4)
  expect_equal(log_density(by_hand, list(y = counts), at), log_density(direct, list(y = counts), at), tolerance = 1e-13)
})

test_that("several observations share an indicator", {
  groups <- model(function(y, g) {
    mu[1:2] ~ normal(0, 2)
    z[1:4] ~ bernoulli(0.3)
    y ~ normal(mu[z[g] + 1], 1)
  })
  g <- c(1, 1, 2, 4, 4, 4, 2, 3, 1, 2, 2, 2)
  at <- list(mu = c(-1, 2))
  own <- vapply(1:4, function(k) {
    log_sum_exp(log(c(0.7, 0.3)) + c(sum(dnorm(y12[g == k], -1, 1, TRUE)), sum(dnorm(y12[g == k], 2, 1, TRUE))))
  }, 0)
  expect_equal(as.numeric(log_density(groups, list(y = y12, g = g), at)), sum(own) + sum(dnorm(c(-1, 2), 0, 2, TRUE)),
               tolerance = 1e-13)
  expect_summed(groups, list(y = y12, g = g), at, list(z = 0:1), 4)
  sites <- model(function(a, b) {
    mu[1:2] ~ normal(0, 2)
    with_plate("units", length(a), function(i) {
      z ~ bernoulli(0.3)
      a[i] ~ normal(mu[z + 1], 1)
      b[i] ~ poisson(exp(mu[2 - z]))
    })
  })
  expect_summed(sites, list(a = y12[1:4], b = c(0, 2, 1, 5)), at, list(z = 0:1), 4)
})

test_that("a hidden Markov chain has the forward algorithm's density", {
  at <- list(mu = c(-1, 2), stay = 0.8)
  transition <- matrix(c(0.8, 0.2, 0.2, 0.8), 2)
  prior <- sum(dnorm(at$mu, 0, 3, TRUE)) + dbeta(0.8, 4, 2, log = TRUE) + log(0.8 * 0.2)
  for (n in c(2, 3, 5, 12)) {
    emission <- outer(y12[1:n], at$mu, dnorm, log = TRUE)
    expect_equal(as.numeric(log_density(hidden_chain, list(y = y12[1:n], K = 2), at)),
                 forward(emission, transition, c(0.5, 0.5)) + prior, tolerance = 1e-12)
  }
  expect_summed(hidden_chain, list(y = y12[1:5], K = 2), at, list(z = 1:2), 5)
  expect_summed(hidden_chain, list(y = y12[4:7], K = 3), list(mu = c(-1, 0, 2), stay = 0.6), list(z = 1:3), 4)
  # far-away data: only differences of logs survive
  far <- 100 * y12
  emission <- outer(far, at$mu, dnorm, log = TRUE)
  expect_equal(as.numeric(log_density(hidden_chain, list(y = far, K = 2), at)),
               forward(emission, transition, c(0.5, 0.5)) + prior, tolerance = 1e-12)
  vectorised <- model(function(y, K) {
    mu[1:K] ~ normal(0, 3)
    stay ~ beta(4, 2)
    P <- matrix((1 - stay) / (K - 1), K, K)
    diag(P) <- stay
    z <- rep(1, length(y))
    z[1] ~ categorical(rep(1 / K, K))
    for (t in 2:length(y)) z[t] ~ categorical(P[z[t - 1], ])
    y ~ normal(mu[z], 1)
  })
  expect_equal(log_density(vectorised, list(y = y12, K = 2), at), log_density(hidden_chain, list(y = y12, K = 2), at),
               tolerance = 1e-12)
})

test_that("a long chain of many states is exact", {
  set.seed(2)
  y <- cumsum(rnorm(600)) / 5
  for (K in c(3, 10)) {
    at <- list(mu = seq(-3, 3, length.out = K), stay = 0.7)
    transition <- matrix(0.3 / (K - 1), K, K)
    diag(transition) <- 0.7
    prior <- sum(dnorm(at$mu, 0, 3, TRUE)) + dbeta(0.7, 4, 2, log = TRUE) + log(0.7 * 0.3)
    n <- if (K == 3) 600 else 40
    value <- forward(outer(y[1:n], at$mu, dnorm, log = TRUE), transition, rep(1 / K, K)) + prior
    expect_equal(as.numeric(log_density(hidden_chain, list(y = y[1:n], K = K), at)), value, tolerance = 1e-11)
  }
})

test_that("a state that cannot be left, and transitions that cannot be", {
  absorbing <- model(function(y) {
    mu[1:2] ~ normal(0, 3)
    P <- rbind(c(0.7, 0.3), c(0, 1))
    z[1] ~ categorical(c(1, 0))
    y[1] ~ normal(mu[z[1]], 1)
    for (t in 2:length(y)) {
      z[t] ~ categorical(P[z[t - 1], ])
      y[t] ~ normal(mu[z[t]], 1)
    }
  })
  at <- list(mu = c(-1, 2))
  value <- forward(outer(y12, at$mu, dnorm, log = TRUE), rbind(c(0.7, 0.3), c(0, 1)), c(1, 0))
  summed <- log_density(absorbing, list(y = y12), at)
  expect_equal(as.numeric(summed), value + sum(dnorm(at$mu, 0, 3, TRUE)), tolerance = 1e-12)
  expect_true(all(is.finite(attr(summed, "gradient"))))
})

test_that("sites that depend on each other are summed jointly", {
  nested <- model(function(y) {
    mu[1:2] ~ normal(0, 2)
    w[1:3] ~ bernoulli(0.4)
    z ~ bernoulli(0.2 + 0.5 * w)
    y ~ normal(mu[z + 1] + w, 1)
  })
  at <- list(mu = c(-1, 2))
  expect_summed(nested, list(y = c(0.3, 2, -1)), at, list(w = 0:1, z = 0:1), 3)
  factorial <- model(function(y) {
    mu[1:2] ~ normal(0, 2)
    a[1] ~ bernoulli(0.4)
    b[1] ~ categorical(c(0.2, 0.3, 0.5))
    y[1] ~ normal(mu[a[1] + 1] * b[1], 1)
    for (t in 2:3) {
      a[t] ~ bernoulli(0.2 + 0.6 * a[t - 1])
      b[t] ~ categorical(ifelse(b[t - 1] == 1:3, 0.6, 0.2))
      y[t] ~ normal(mu[a[t] + 1] * b[t], 1)
    }
  })
  expect_summed(factorial, list(y = c(0.3, 2, -1)), at, list(a = 0:1, b = 1:3), 3)
  coupled <- model(function(y) {
    mu ~ normal(0, 2)
    z[1:5] ~ binomial(2, 0.3)
    y ~ normal(mu * sum(z), 1)
  })
  expect_summed(coupled, list(y = c(0.3, 2)), list(mu = 0.7), list(z = 0:2), 5)
})

test_that("a change point on which all observations depend", {
  counts <- c(4, 5, 3, 6, 1, 0, 2, 1, 1, 0)
  change <- model(function(y) {
    rate[1:2] ~ exponential(0.5)
    tau ~ categorical(rep(1 / length(y), length(y)))
    y ~ poisson(ifelse(seq_along(y) < tau, rate[1], rate[2]))
  })
  at <- list(rate = c(4, 1))
  terms <- vapply(1:10, function(k) sum(dpois(counts, ifelse(1:10 < k, 4, 1), log = TRUE)) - log(10), 0)
  prior <- sum(dexp(at$rate, 0.5, log = TRUE) + log(at$rate))
  expect_equal(as.numeric(log_density(change, list(y = counts), at)), log_sum_exp(terms) + prior, tolerance = 1e-12)
  expect_summed(change, list(y = counts), at, list(tau = 1:10), 1)
})

test_that("every family with finitely many values", {
  y <- c(0.5, 3, 1.7)
  with_prior <- function(prior) {
    model(function(y) {
      a ~ beta(2, 2)
      z <- draw("z", prior(a), dim = 3)
      y ~ normal(z, 1 + a)
    })
  }
  expect_summed(with_prior(function(a) dist_binomial(3, a)), list(y = y), list(a = 0.4), list(z = 0:3), 3)
  expect_summed(with_prior(function(a) dist_beta_binomial(3, 1 + a, 2)), list(y = y), list(a = 0.4), list(z = 0:3), 3)
  expect_summed(with_prior(function(a) dist_ordered_logistic(a, c(-1, 1))), list(y = y), list(a = 0.4), list(z = 1:3),
    3)
  expect_summed(with_prior(function(a) dist_truncated(dist_poisson(5 * a), upper = 4)), list(y = y), list(a = 0.4),
    list(z = 0:4), 3)
  expect_summed(with_prior(function(a) dist_categorical(logits = c(a, 0, -a))), list(y = y), list(a = 0.4),
    list(z = 1:3), 3)
  expect_summed(with_prior(function(a) dist_zero_inflated(dist_binomial(2, 0.5), a)), list(y = y), list(a = 0.4),
    list(z = 0:2), 3)
  # sizes differ by element: values beyond an element's size have probability 0
  sizes <- model(function(y) {
    a ~ beta(2, 2)
    z ~ binomial(c(1, 2, 3), a)
    y ~ normal(z, 1 + a)
  })
  own <- vapply(1:3, function(i) log_sum_exp(dbinom(0:i, i, 0.4, TRUE) + dnorm(y[i], 0:i, 1.4, TRUE)), 0)
  expect_equal(as.numeric(log_density(sizes, list(y = y), list(a = 0.4))), sum(own) + dbeta(0.4, 2, 2, log = TRUE) +
    log(0.24),
               tolerance = 1e-12)
})

test_that("draws are exact given everything else", {
  known <- model(function(y, mu, P) {
    z[1] ~ categorical(c(0.5, 0.3, 0.2))
    y[1] ~ normal(mu[z[1]], 1)
    for (t in 2:length(y)) {
      z[t] ~ categorical(P[z[t - 1], ])
      y[t] ~ normal(mu[z[t]], 1)
    }
    switches := sum(diff(z) != 0)
  })
  P <- rbind(c(0.7, 0.2, 0.1), c(0.1, 0.6, 0.3), c(0.2, 0.2, 0.6))
  y <- c(0.2, -0.5, 1.4, 0.9, 2.2)
  mu <- c(-1, 0.5, 2)
  fit <- fit_nuts(known, list(y = y, mu = mu, P = P), chains = 2, iter_sampling = 2000, seed = 1)
  z <- matrix(draws(fit, "z"), ncol = 5)
  expect_true(all(z %in% 1:3))
  expect_equal(as.vector(draws(fit, "switches")), rowSums(z[, -1] != z[, -5]))
  paths <- as.matrix(expand.grid(rep(list(1:3), 5)))
  log_p <- apply(paths, 1, function(p) {
    log(c(0.5, 0.3, 0.2)[p[1]]) + sum(log(P[cbind(p[-5], p[-1])])) + sum(dnorm(y, mu[p], 1, TRUE))
  })
  p <- exp(log_p - log_sum_exp(log_p))
  # 4000 independent draws: four standard errors of each probability, of states and of pairs of neighbours
  for (t in 1:5) {
    for (k in 1:3) {
      exact <- sum(p[paths[, t] == k])
      expect_lt(abs(mean(z[, t] == k) - exact), 4 * sqrt(exact * (1 - exact) / 4000))
    }
  }
  for (t in 1:4) {
    for (k in 1:9) {
      pair <- function(x) x[, t] + 3 * (x[, t + 1] - 1) == k
      exact <- sum(p[pair(paths)])
      expect_lt(abs(mean(pair(z)) - exact), 4 * sqrt(exact * (1 - exact) / 4000))
    }
  }
})

test_that("fits of a mixture and of a hidden Markov chain", {
  set.seed(4)
  truth <- rep(c(0, 1, 0, 1, 0), c(50, 30, 40, 40, 40))
  y <- rnorm(200, c(-1, 2)[truth + 1], 1)
  fit <- fit_nuts(hidden_chain, list(y = y, K = 2), chains = 2, seed = 1, init = list(mu = c(-1, 2)))
  expect_lt(max(summary(fit, c("mu", "stay"))$rhat), 1.01)
  # the posterior standard deviations are about 0.1 and 0.02
  expect_lt(max(abs(colMeans(draws(fit, "mu"), dims = 2) - c(-1, 2))), 0.4)
  expect_gt(mean(colMeans(draws(fit, "z") == 2, dims = 2) > 0.5 & truth == 1) + mean(truth == 0), 0.95)
  again <- posterior_predict(fit)
  expect_identical(draws(again, "z"), draws(fit, "z"))
  expect_lt(max(abs(colMeans(draws(again, "y"), dims = 2) - colMeans(draws(fit, "mu"), dims = 2)[truth + 1])), 3)
  guide <- fit_svi(mixture_by_indicators, list(y = y12), guide = guide_mvn(), init = list(mu = c(-1, 2)), seed = 1)
  expect_true(all(draws(guide, "z") %in% 0:1))
  expect_equal(dim(draws(posterior_draws(guide, 50), "z")), c(50L, 1L, 12L))
  expect_true(all(draws(prior_draws(mixture_by_indicators, list(y = y12), draws = 20, seed = 1), "z") %in% 0:1))
  expect_equal(reparam_map(mixture_by_indicators, list(y = y12))$kind, c("latent", "latent", "summed out", "observed"))
})

test_that("the log likelihood of an observation is conditional on the other data, not on drawn indicators", {
  masked_chain <- model(function(y, use) {
    mu[1:2] ~ normal(0, 3)
    P <- rbind(c(0.8, 0.2), c(0.3, 0.7))
    z[1] ~ categorical(c(0.5, 0.5))
    with_mask(use[1], y[1] ~ normal(mu[z[1]], 1))
    for (t in 2:length(y)) {
      z[t] ~ categorical(P[z[t - 1], ])
      with_mask(use[t], y[t] ~ normal(mu[z[t]], 1))
    }
  })
  groups <- model(function(y, use) {
    rate ~ gamma(2, 1)
    z[1:4] ~ bernoulli(0.3)
    with_mask(use, y ~ poisson(ifelse(z[c(1, 1, 2, 4, 4, 3)] == 1, 0, rate)))
  })
  cases <- list(list(masked_chain, y12), list(masked_chain, 30 * y12), list(groups, c(0, 3, 0, 1, 2, 0)))
  for (case in cases) {
    data <- list(y = case[[2]], use = rep(1, length(case[[2]])))
    fit <- fit_nuts(case[[1]], data, chains = 1, iter_warmup = 20, iter_sampling = 2, seed = 1)
    at <- fit$unconstrained[1, 1, ]
    left_out <- vapply(seq_along(data$y), function(i) {
      data$use[i] <- 0
      as.numeric(log_density(case[[1]], data, at, prune = FALSE))
    }, 0)
    all <- as.numeric(log_density(case[[1]], data, at, prune = FALSE))
    expect_equal(unname(log_lik(fit)[1, 1, ]), all - left_out, tolerance = 1e-11)
  }
})

test_that("scopes and handlers", {
  at <- list(mu = c(-1, 2))
  scaled <- model(function(y, s) {
    mu[1:2] ~ normal(0, 2)
    with_scale(s, with_plate("units", length(y), function(i) {
      z ~ bernoulli(0.3)
      y[i] ~ normal(mu[z + 1], 1)
    }))
  })
  scaled_mixture <- model(function(y, s) {
    mu[1:2] ~ normal(0, 2)
    with_scale(s, y ~ mixture(normal(mu[1], 1), normal(mu[2], 1), weights = c(0.7, 0.3)))
  })
  data <- list(y = y12, s = 2.5)
  expect_equal(log_density(scaled, data, at), log_density(scaled_mixture, data, at), tolerance = 1e-13)
  masked <- model(function(y, use) {
    mu[1:2] ~ normal(0, 2)
    with_mask(use, {
      z[1:12] ~ bernoulli(0.3)
      y ~ normal(mu[z + 1], 1)
    })
  })
  masked_mixture <- model(function(y, use) {
    mu[1:2] ~ normal(0, 2)
    with_mask(use, y ~ mixture(normal(mu[1], 1), normal(mu[2], 1), weights = c(0.7, 0.3)))
  })
  data <- list(y = y12, use = rep(0:1, 6))
  expect_equal(log_density(masked, data, at), log_density(masked_mixture, data, at), tolerance = 1e-13)
  z <- rep(0:1, c(5, 7))
  direct <- sum(dnorm(y12, c(-1, 2)[z + 1], 1, TRUE)) + sum(dbinom(z, 1, 0.3, TRUE)) + sum(dnorm(at$mu, 0, 2, TRUE)) +
    dbeta(0.3, 2, 2, log = TRUE) + log(0.3 * 0.7)
  given <- c(at, list(p = 0.3))
  expect_equal(as.numeric(log_density(condition(mixture_by_indicators, z = z), list(y = y12), given)), direct)
  expect_equal(as.numeric(log_density(substitute_sites(mixture_by_indicators, z = z), list(y = y12), given)), direct)
})

test_that("a continuous site whose location an indicator chooses", {
  two_levels <- model(function(y) {
    mu[1:2] ~ normal(0, 2)
    z[1:3] ~ bernoulli(0.4)
    theta ~ normal(mu[z + 1], 0.7)
    y ~ normal(theta, 0.5)
  })
  y <- c(-1, 2.2, 0.4)
  at <- list(mu = c(-1, 2), theta = c(-0.8, 2, 0.1))
  expect_summed(two_levels, list(y = y), at, list(z = 0:1), 3)
  fit <- fit_nuts(two_levels, list(y = y), chains = 2, seed = 1)
  expect_equal(sum(grepl("decentered", fit$unconstrained_names)), 0)
  expect_identical(draws(posterior_predict(fit), "z"), draws(fit, "z"))
})

test_that("a site whose bounds an indicator chooses has no one coordinate at a value", {
  m <- model(function(y) {
    d ~ bernoulli(0.3)
    a ~ uniform(0, 1 + d)
    y ~ normal(a, 1)
  })
  expect_error(log_density(m, list(y = 1), list(a = 0.5)), "depends on discrete sites", class = "reparam_error")
  u <- 0.4
  a <- c(1, 2) * plogis(u)
  want <- log(sum(c(0.7, 0.3) * dnorm(1, a) * dlogis(u)))
  expect_equal(as.numeric(log_density(m, list(y = 1), u)), want)
})

test_that("NA among discrete data", {
  x <- c(0.2, 1.5, -0.3, 2.2, 1.1)
  used <- model(function(c, x) {
    p ~ beta(1, 1)
    b ~ normal(0, 2)
    c ~ bernoulli(p)
    x ~ normal(b * c, 1)
  })
  c <- c(0, 1, NA, 1, 0)
  at <- list(p = 0.3, b = 1)
  both <- vapply(0:1, function(k) as.numeric(log_density(used, list(c = replace(c, 3, k), x = x), at)), 0)
  expect_equal(as.numeric(log_density(used, list(c = c, x = x), at)), log_sum_exp(both), tolerance = 1e-13)
  fit <- fit_nuts(used, list(c = c, x = x), chains = 1, iter_sampling = 500, seed = 1)
  expect_equal(as.vector(draws(fit, "c")[1, 1, -3]), c[-3])
  expect_true(all(draws(fit, "c")[, , 3] %in% 0:1))
  unused <- model(function(c) {
    p ~ beta(1, 1)
    c ~ bernoulli(p)
  })
  expect_equal(as.numeric(log_density(unused, list(c = c), list(p = 0.3))), 3 * log(0.3) + 3 * log(0.7))
})

test_that("what cannot be summed out says why", {
  expect_refused <- function(fn, data = list(y = 2)) {
    expect_snapshot(fit_nuts(model(fn), data, seed = 1), error = TRUE)
  }
  expect_refused(function(y) {
    rate ~ gamma(2, 1)
    n ~ poisson(rate)
    y ~ normal(n, 1)
  })
  expect_refused(function(y) {
    n ~ binomial(5, 0.3)
    k ~ binomial(n, 0.3)
    y ~ normal(k, 1)
  })
  expect_refused(function(y) {
    z[1:20] ~ bernoulli(0.3)
    y ~ normal(sum(z), 1)
  })
  expect_refused(function(y) {
    z[1:12] ~ categorical(rep(1 / 3, 3))
    y ~ normal(sum(z), 1)
  })
  expect_refused(function(y) {
    a ~ binomial(200, 0.2)
    b ~ binomial(200, 0.2)
    y ~ normal(a - b, 1)
  })
  expect_refused(function(y) {
    x ~ multinomial(3, c(0.2, 0.8))
    y ~ normal(x[1], 1)
  })
  expect_refused(function(y) {
    x ~ binomial(3000, 0.2)
    y ~ normal(x, 1)
  })
})

test_that("predictions for the same data keep the states of a long chain", {
  set.seed(1)
  y <- rnorm(24, rep(c(-1, 1), each = 4), 0.5)
  m <- model(function(y) {
    mu ~ ordered(normal(0, c(1, 1)))
    P <- rbind(c(0.9, 0.1), c(0.1, 0.9))
    z[1] ~ categorical(c(0.5, 0.5))
    for (t in 2:length(y)) z[t] ~ categorical(P[z[t - 1], ])
    y ~ normal(mu[z], 0.5)
  })
  fit <- fit_nuts(m, list(y = y), chains = 1, iter_sampling = 100, seed = 1)
  expect_equal(draws(posterior_predict(fit), "z"), draws(fit, "z"))
  # With new data they are drawn from the chain: no state is known.
  fresh <- apply(draws(posterior_predict(fit, newdata = list(y = y)), "z"), 3, mean)
  expect_true(all(abs(fresh - 1.5) < 0.2)) # 4 standard errors of 100 draws
})
