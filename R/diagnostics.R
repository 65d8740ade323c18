# Convergence diagnostics of Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), "Rank-normalization, folding, and
# localization: an improved R-hat for assessing convergence of MCMC", Bayesian Analysis 16(2), computed by the engine.
#
# Every function takes an array [iteration, chain, variable] and answers one number a variable, NA where the draws are
# constant or not finite. The values are those of the posterior package.

# Columns rhat, ess_bulk, ess_tail, ess_mean, mcse_mean; a row a variable.
convergence <- function(x) {
  storage.mode(x) <- "double"
  values <- .Call(ffi_diagnose, x, getOption("mc.cores", 2L))
  colnames(values) <- c("rhat", "ess_bulk", "ess_tail", "ess_mean", "mcse_mean")
  values
}

rhat_rank <- function(x) convergence(x)[, "rhat"]

mcse_mean <- function(x) convergence(x)[, "mcse_mean"]

# By the delta method from the Monte Carlo error of the variance.
mcse_sd <- function(x) {
  size <- dim(x)
  centered <- x - rep(colMeans(x, dims = 2L), each = size[1] * size[2])
  variance <- colMeans(centered^2, dims = 2L)
  error <- (colMeans(centered^4, dims = 2L) - variance^2) / convergence(centered^2)[, "ess_mean"]
  sqrt(error / variance / 4)
}

# Energy fraction of missing information of each chain (Betancourt 2016): below 0.3 the momentum resampling is too
# small a step for the spread of the energy.
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

# R's type 7 quantiles of every column of a matrix, one row a column and one column a probability (a vector for one
# probability); NA where a draw is.
quantile_columns <- function(x, probs) {
  n <- nrow(x)
  at <- 1 + (n - 1) * probs
  low <- floor(at + 4 * .Machine$double.eps)
  high <- pmin(low + 1L, n)
  weight <- pmax(at - low, 0)
  needed <- unique(c(low, high))
  quantiles <- vapply(seq_len(ncol(x)), function(j) {
    column <- x[, j]
    if (anyNA(column)) return(rep(NA_real_, length(probs)))
    sorted <- sort.int(column, partial = needed)
    ifelse(weight == 0, sorted[low], (1 - weight) * sorted[low] + weight * sorted[high])
  }, numeric(length(probs)))
  if (length(probs) == 1L) quantiles else t(quantiles)
}
