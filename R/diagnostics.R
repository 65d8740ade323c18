# Convergence diagnostics of Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), "Rank-normalization, folding, and
# localization: an improved R-hat for assessing convergence of MCMC", Bayesian Analysis 16(2).
#
# Every function takes an array [iteration, chain, variable] and answers one number a variable, NA where the draws are
# constant or not finite. The values are those of the posterior package; all variables are computed at once.

rhat_rank <- function(x) {
  by_block(x, function(x) {
    pmax(rhat_split(normal_scores(split_chains(x))), rhat_split(normal_scores(split_chains(fold_draws(x)))))
  })
}

ess_bulk <- function(x) {
  by_block(x, function(x) ess_split(normal_scores(split_chains(x))))
}

ess_tail <- function(x) {
  pmin(ess_quantile(x, 0.05), ess_quantile(x, 0.95))
}

ess_mean <- function(x) {
  by_block(x, function(x) ess_split(split_chains(x)))
}

ess_quantile <- function(x, prob) {
  by_block(x, function(x) {
    size <- dim(x)
    dim(x) <- c(size[1] * size[2], size[3])
    below <- x <= rep(quantile_columns(x, prob), each = nrow(x))
    ess_split(split_chains(array(as.double(below), size)))
  })
}

mcse_mean <- function(x) {
  sd_columns(x) / sqrt(ess_mean(x))
}

# By the delta method from the Monte Carlo error of the variance.
mcse_sd <- function(x) {
  size <- dim(x)
  centered <- x - rep(colMeans(x, dims = 2L), each = size[1] * size[2])
  variance <- colMeans(centered^2, dims = 2L)
  error <- (colMeans(centered^4, dims = 2L) - variance^2) / ess_mean(centered^2)
  sqrt(error / variance / 4)
}

# Half the width between the order statistics that bound the quantile by one standard error either side.
mcse_quantile <- function(x, prob) {
  ess <- ess_quantile(x, prob)
  size <- dim(x)
  dim(x) <- c(size[1] * size[2], size[3])
  n <- nrow(x)
  lower <- stats::qbeta(stats::pnorm(-1), ess * prob + 1, ess * (1 - prob) + 1)
  upper <- stats::qbeta(stats::pnorm(1), ess * prob + 1, ess * (1 - prob) + 1)
  vapply(seq_len(ncol(x)), function(j) {
    if (is.na(ess[j])) return(NA_real_)
    sorted <- sort(x[, j], method = "radix")
    (sorted[min(ceiling(upper[j] * n), n)] - sorted[max(floor(lower[j] * n), 1)]) / 2
  }, 0)
}

# Energy fraction of missing information of each chain (Betancourt 2016): below 0.3 the momentum resampling is too small a
# step for the spread of the energy.
e_bfmi <- function(energy) {
  energy <- as.matrix(energy)
  if (nrow(energy) < 3L) return(rep(NA_real_, ncol(energy)))
  colSums(diff(energy)^2) / colSums((energy - rep(colMeans(energy), each = nrow(energy)))^2)
}

sd_columns <- function(x) {
  n <- prod(dim(x)[1:2])
  centered <- x - rep(colMeans(x, dims = 2L), each = n)
  sqrt(colSums(centered^2, dims = 2L) / (n - 1))
}

# R's type 7 quantiles of every column, one row a column and one column a probability (a vector for one probability).
quantile_columns <- function(x, probs) {
  n <- nrow(x)
  at <- 1 + (n - 1) * probs
  low <- floor(at + 4 * .Machine$double.eps)
  high <- pmin(low + 1L, n)
  weight <- at - low
  weight[abs(weight) < 4 * .Machine$double.eps] <- 0
  # NaN and NA draws leave no quantile.
  quantiles <- vapply(seq_len(ncol(x)), function(j) {
    column <- x[, j]
    if (anyNA(column)) return(rep(NA_real_, length(probs)))
    sorted <- sort(column, method = "radix")
    (1 - weight) * sorted[low] + weight * sorted[high]
  }, numeric(length(probs)))
  if (length(probs) == 1L) quantiles else t(quantiles)
}

# The work of one block of variables is bounded (about 2e6 numbers at a time), whatever the number of variables.
by_block <- function(x, f) {
  size <- dim(x)
  result <- rep(NA_real_, size[3])
  usable <- which(varies(x))
  block <- max(1L, floor(2e6 / (size[1] * size[2])))
  for (members in split(usable, (seq_along(usable) - 1L) %/% block)) {
    result[members] <- f(x[, , members, drop = FALSE])
  }
  result
}

varies <- function(x) {
  size <- dim(x)
  dim(x) <- c(size[1] * size[2], size[3])
  spread <- vapply(seq_len(size[3]), function(j) {
    ends <- range(x[, j])
    if (all(is.finite(ends))) ends[2] - ends[1] else NA_real_
  }, 0)
  !is.na(spread) & spread >= .Machine$double.eps
}

# [iteration, chain, variable] -> [half, 2 chains, variable]; the middle draw of an odd number is left out.
split_chains <- function(x) {
  size <- dim(x)
  if (size[1] == 1L) return(x)
  if (size[1] %% 2L == 1L) x <- x[-(size[1] %/% 2L + 1L), , , drop = FALSE]
  array(x, c(size[1] %/% 2L, 2L * size[2], size[3]))
}

# |x - median|, whose R-hat sees chains that differ in spread.
fold_draws <- function(x) {
  size <- dim(x)
  dim(x) <- c(size[1] * size[2], size[3])
  array(abs(x - rep(apply(x, 2L, stats::median), each = nrow(x))), size)
}

# Normal quantiles of fractional ranks, (r - 3/8) / (S + 1/4). Average ranks are multiples of 1/2, so that one table serves.
normal_scores <- function(x) {
  size <- dim(x)
  n <- size[1] * size[2]
  dim(x) <- c(n, size[3])
  table <- stats::qnorm((seq_len(2L * n) / 2 - 3 / 8) / (n + 1 / 4))
  for (j in seq_len(size[3])) x[, j] <- table[2 * average_rank(x[, j])]
  array(x, size)
}

average_rank <- function(x) {
  order <- order(x, method = "radix")
  sorted <- x[order]
  n <- length(x)
  first <- which(c(TRUE, sorted[-1L] != sorted[-n]))
  last <- c(first[-1L] - 1L, n)
  rank <- numeric(n)
  rank[order] <- if (length(first) == n) seq_len(n) else rep((first + last) / 2, last - first + 1L)
  rank
}

rhat_split <- function(x) {
  n <- dim(x)[1]
  if (n < 2L) return(rep(NA_real_, dim(x)[3]))
  means <- colMeans(x)
  within <- colMeans(variances(x, means))
  between <- n * variances(means, colMeans(means))
  sqrt((between / within + n - 1) / n)
}

# Sample variances along the first dimension, whose means are given.
variances <- function(x, means) {
  n <- dim(x)[1]
  colSums((x - rep(means, each = n))^2) / (n - 1)
}

# Effective sample size by Geyer's initial monotone sequence over the chains' averaged autocovariance.
ess_split <- function(x) {
  n <- dim(x)[1]
  chains <- dim(x)[2]
  if (n < 3L) return(rep(NA_real_, dim(x)[3]))
  autocovariance <- mean_autocovariance(x)
  means <- colMeans(x)
  plus <- autocovariance[1, ]
  if (chains > 1L) plus <- plus + variances(means, colMeans(means))
  within <- autocovariance[1, ] * n / (n - 1)
  correlation <- function(lag, j) 1 - (within[j] - autocovariance[lag + 1, j]) / plus[j]
  tau <- geyer_time(correlation, n, dim(x)[3])
  tau[!varies(x)] <- NA_real_
  n * chains / pmax(tau, 1 / log10(n * chains))
}

# Integrated autocorrelation time: -1 + 2 (sums of pairs of lags while they are positive, each at most the one before)
# + the even lag at which the positive pairs end.
geyer_time <- function(correlation, n, variables) {
  total <- last <- numeric(variables)
  smallest <- rep(Inf, variables)
  active <- seq_len(variables)
  lag <- 0
  while (length(active)) {
    even <- if (lag == 0) rep(1, length(active)) else correlation(lag, active)
    pair <- even + correlation(lag + 1, active)
    ends <- lag >= n - 5 | is.na(pair) | pair <= 0
    ended <- active[ends]
    last[ended] <- ifelse(even[ends] > 0 | pair[ends] >= 0, even[ends], 0)
    # No pair before the end: lag 0 itself counts, as in posterior.
    if (lag == 0) total[ended] <- 1
    active <- active[!ends]
    smallest[active] <- pmin(smallest[active], pair[!ends])
    total[active] <- total[active] + smallest[active]
    lag <- lag + 2
  }
  -1 + 2 * total + last
}

# Autocovariances at lags 0 to n - 1 (divisor n), averaged over chains: one column a variable. The transform is linear, so the
# power spectra are averaged before it is inverted, and two real series share one complex transform, both ways.
mean_autocovariance <- function(x) {
  size <- dim(x)
  n <- size[1]
  centered <- x - rep(colMeans(x), each = n)
  variance <- colMeans(centered^2, dims = 2L)
  length <- 2L * stats::nextn(n)
  power <- power_spectra(centered, length)
  # Scaled, lest the rounding error of a large variable drown its neighbour in the pair.
  power <- power / rep(colSums(power), each = length)
  reverse <- c(1L, length:2L)
  power <- (power + power[reverse, , drop = FALSE]) / 2
  first <- seq(1L, size[3], by = 2L)
  second <- pmin(first + 1L, size[3])
  pairs <- stats::mvfft(power[, first, drop = FALSE] + 1i * power[, second, drop = FALSE], inverse = TRUE)[seq_len(n), ]
  dim(pairs) <- c(n, length(first))
  result <- matrix(0, n, size[3])
  result[, first] <- Re(pairs)
  result[, second[second > first]] <- Im(pairs)[, second > first]
  result / rep(result[1, ], each = n) * rep(variance, each = n)
}

# |fft|^2 of the series padded with zeros to `length`, summed over the chains (once symmetrised): one column a variable.
power_spectra <- function(x, length) {
  size <- dim(x)
  padded <- matrix(0i, length, size[3])
  power <- matrix(0, length, size[3])
  rows <- seq_len(size[1])
  for (chain in seq(1L, size[2], by = 2L)) {
    imaginary <- if (chain < size[2]) x[, chain + 1L, ] else 0
    padded[rows, ] <- complex(real = x[, chain, ], imaginary = imaginary)
    power <- power + Mod(stats::mvfft(padded))^2
  }
  power
}
