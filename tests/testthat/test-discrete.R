# Discrete latent sites are summed out. References: the same models with the discrete sites conditioned on, summed over
# all combinations of their values; closed forms and the forward algorithm written in R.

log_sum_exp <- function(x) max(x) + log(sum(exp(x - max(x))))

# The log density and its gradient, summed over all values of the discrete sites (named list: site -> values of each of its
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
  list(value = log_sum_exp(terms), gradient = as.vector(gradients[, weights > 0, drop = FALSE] %*% weights[weights > 0]))
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
  expect_summed(with_prior(function(a) dist_ordered_logistic(a, c(-1, 1))), list(y = y), list(a = 0.4), list(z = 1:3), 3)
  expect_summed(with_prior(function(a) dist_truncated(dist_poisson(5 * a), upper = 4)), list(y = y), list(a = 0.4), list(z = 0:4), 3)
  expect_summed(with_prior(function(a) dist_categorical(logits = c(a, 0, -a))), list(y = y), list(a = 0.4), list(z = 1:3), 3)
  expect_summed(with_prior(function(a) dist_zero_inflated(dist_binomial(2, 0.5), a)), list(y = y), list(a = 0.4), list(z = 0:2), 3)
  # sizes differ by element: values beyond an element's size have probability 0
  sizes <- model(function(y) {
    a ~ beta(2, 2)
    z ~ binomial(c(1, 2, 3), a)
    y ~ normal(z, 1 + a)
  })
  own <- vapply(1:3, function(i) log_sum_exp(dbinom(0:i, i, 0.4, TRUE) + dnorm(y[i], 0:i, 1.4, TRUE)), 0)
  expect_equal(as.numeric(log_density(sizes, list(y = y), list(a = 0.4))), sum(own) + dbeta(0.4, 2, 2, log = TRUE) + log(0.24),
               tolerance = 1e-12)
})
