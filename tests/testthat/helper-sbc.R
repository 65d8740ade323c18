# Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari and Gelman 2018, arXiv:1804.06788): parameters and
# data are drawn from the model, the model is fitted to the data, and the rank of each true value among independent
# posterior draws is uniform if the sampler is right. tools/sbc.R runs many replications, test-sbc.R a few.

sbc_schools <- model(function(sigma, y = NULL) {
  mu ~ normal(0, 5)
  tau ~ half_normal(5)
  theta[1:8] ~ normal(mu, tau)
  y ~ normal(theta, sigma)
})
sbc_schools_data <- list(sigma = c(15, 10, 16, 11, 9, 11, 10, 18))

sbc_cases <- list(
  schools = list(
    model = sbc_schools, data = sbc_schools_data, quantities = c("mu", "tau", "theta")
  ),
  schools_decentered = list(
    model = reparam(sbc_schools, mu = decenter(), theta = decenter()), data = sbc_schools_data,
    quantities = c("mu", "tau", "theta")
  ),
  schools_centered = list(
    model = sbc_schools, data = sbc_schools_data, quantities = c("mu", "tau", "theta"),
    settings = list(reparam = "none"), fails = TRUE, lengths = 990
  ),
  catalyst = list(
    model = model(function(n, dt, y = NULL) {
      k ~ lognormal(0, 1)
      k_d ~ lognormal(-2, 1)
      cat <- a <- numeric(n)
      cat[1] <- 0.1 * (1 - dt * k_d)
      a[1] <- 1 - dt * k * cat[1]
      for (i in 2:n) {
        cat[i] <- cat[i - 1] * (1 - dt * k_d)
        a[i] <- a[i - 1] * (1 - dt * k * cat[i])
      }
      last := a[n]
      y ~ lognormal(log(a), 0.05)
    }),
    data = list(n = 50, dt = 0.1), quantities = c("k", "k_d", "last"),
    # each measurement was made with probability .2
    observe = function(y) ifelse(stats::runif(length(y)) < 0.2, y, NA)
  ),
  stable = list(
    model = model(function(x, y = NULL) {
      b[1:2] ~ normal(0, 1)
      s ~ lognormal(0, 0.5)
      alpha ~ uniform(1.1, 1.9)
      y ~ stable(alpha, 0.3, s, b[1] + b[2] * x)
    }),
    data = list(x = seq(-1, 1, length.out = 12)), quantities = c("b", "s", "alpha")
  ),
  logistic = list(
    model = model(function(group, x, y = NULL) {
      mu ~ normal(0, 1)
      tau ~ half_normal(1)
      b ~ normal(0, 1)
      a[1:8] ~ normal(mu, tau)
      y ~ bernoulli(logits = a[group] + b * x)
    }),
    data = list(group = rep(1:8, c(1, 2, 4, 4, 8, 8, 16, 16)), x = sin(1:59)), quantities = c("mu", "tau", "b", "a")
  )
)

# Ranks 0 to 99 of the true values among 99 draws: a row for each replication and a column for each element of the
# quantities. The model is traced once; each replication puts its data into the spec. A chain has at least 99 effective
# draws of every quantity (a longer one is run when it has not, three times at most) and gives every k-th.
sbc_ranks <- function(case, replications, seed, first = 1, draw = sbc_draws) {
  simulated <- prior_draws(case$model, case$data, draws = first - 1 + replications, seed = seed)
  truth <- as.array(simulated, case$quantities)
  y <- draws(simulated, "y")
  size <- prod(dim(y)[-(1:2)])
  y <- matrix(y, ncol = size)
  spec <- model_spec(case$model, c(case$data, list(y = rep_len(c(NA, y[1, -1]), size))))
  at <- which(vapply(spec$statements, function(s) identical(s$name, "y") && s$kind == "draw", NA))
  set.seed(seed)
  hidden <- if (!is.null(case$observe)) t(apply(y, 1, case$observe))
  ranks <- vapply(seq(first, length.out = replications), function(r) {
    spec$statements[[at]]$observed <- if (is.null(hidden)) y[r, ] else hidden[r, ]
    posterior <- draw(spec, case, seed = seed * 1e6 + r)
    as.double(colSums(posterior < rep(truth[r, 1, ], each = nrow(posterior))))
  }, numeric(dim(truth)[3]))
  matrix(ranks, replications, byrow = TRUE, dimnames = list(NULL, dimnames(truth)[[3]]))
}

sbc_draws <- function(spec, case, seed) {
  lengths <- if (is.null(case$lengths)) 990 * c(1, 4, 16) else case$lengths
  for (length in lengths) {
    arguments <- list(
      spec, chains = 1, iter_warmup = 300, iter_sampling = length, seed = seed, keep = case$quantities, refresh = FALSE
    )
    fit <- do.call("fit_nuts", c(arguments, case$settings))
    x <- as.array(fit, case$quantities)
    if (isTRUE(min(convergence(x)[, c("ess_bulk", "ess_tail")]) >= 99)) break
  }
  matrix(x, length)[seq(length / 99, length, by = length / 99), , drop = FALSE]
}

# p-value of each quantity by the chi-squared test that the ranks fall equally into the bins.
sbc_p_values <- function(ranks, bins) {
  apply(ranks, 2, function(rank) {
    counts <- tabulate(floor(rank * bins / 100) + 1, bins)
    stats::pchisq(sum((counts - length(rank) / bins)^2) * bins / length(rank), bins - 1, lower.tail = FALSE)
  })
}
