# The catalysed reaction A -> ... with a decaying catalyst, and its constants.

decay <- function(cat_0, k_d, dt, n) {
  cat <- numeric(n)
  for (i in seq_len(n)) {
    cat_0 <- cat_0 - dt * k_d * cat_0
    cat[i] <- cat_0
  }
  cat
}

react <- function(a_0, k, cat, dt) {
  a <- numeric(length(cat))
  for (i in seq_along(cat)) {
    a_0 <- a_0 - dt * k * cat[i] * a_0
    a[i] <- a_0
  }
  a
}

decay_reduce <- function(cat_0, k_d, dt, n) {
  Reduce(function(x, i) x - dt * k_d * x, seq_len(n), cat_0, accumulate = TRUE)[-1]
}

react_reduce <- function(a_0, k, cat, dt) {
  Reduce(function(a, x) a - dt * k * x * a, cat, a_0, accumulate = TRUE)[-1]
}

lab <- list(a_0 = 1, cat_0 = 0.1, dt = 0.01, n = 500, err = 0.05)

reaction_plain <- function(a_0, cat_0, dt, n) {
  k ~ lognormal(0, 1)
  k_d ~ lognormal(-2, 1)
  cat := decay(cat_0, k_d, dt, n)
  a := react(a_0, k, cat, dt)
}

reaction_measured <- function(a_0, cat_0, dt, n, err, y = NULL) {
  k ~ lognormal(0, 1)
  k_d ~ lognormal(-2, 1)
  cat := decay(cat_0, k_d, dt, n)
  a := react(a_0, k, cat, dt)
  y ~ lognormal(log(a), err)
}

reaction_explicit <- function(a_0, cat_0, dt, n, err, y = NULL) {
  k <- draw("k", dist_lognormal(0, 1))
  k_d <- draw("k_d", dist_lognormal(-2, 1))
  cat <- record("cat", decay_reduce(cat_0, k_d, dt, n))
  a <- record("a", react_reduce(a_0, k, cat, dt))
  draw("y", dist_lognormal(log(a), err), obs = y)
}

six_entries <- function(model, site = "y") {
  config <- list(
    k = reparam_transform(), k_base = reparam_loc_scale(0),
    k_d = reparam_transform(), k_d_base = reparam_loc_scale(0)
  )
  config[[site]] <- reparam_transform()
  config[[paste0(site, "_base")]] <- reparam_loc_scale(0)
  reparam(model, config)
}

one_observation <- function() {
  y <- rep(NA_real_, 500)
  y[101] <- 0.6
  c(lab, list(y = y))
}

# Monte Carlo standard error of the mean of a [iteration, chain] matrix, by batch means of 25 iterations.
batch_mcse <- function(x) {
  batches <- apply(as.matrix(x), 2, function(column) {
    whole <- column[seq_len(length(column) %/% 25 * 25)]
    colMeans(matrix(whole, 25))
  })
  sd(batches) / sqrt(length(batches))
}

expect_within_mcse <- function(draws, truth, times = 4) {
  error <- abs(mean(draws) - truth)
  bound <- times * batch_mcse(draws)
  testthat::expect_lte(error, bound)
}
