# Quantiles under a guide in closed form. Where the margins of the guide are normal, a drawn site of which each element
# is a one-to-one function of one coordinate has as quantiles the values of that function at the coordinate's.

# quantiles: a matrix with a row a variable and a column a probability, from draws; the rows that are known in closed
# form are replaced.
exact_where_known <- function(fit, sites, probs, quantiles) {
  known <- site_field(fit, "kind") %in% c("latent", "reparameterized", "param", "partial")
  candidates <- intersect(sites, site_field(fit, "name")[known])
  margins <- fit$margins
  if (!length(candidates) || is.null(margins) || !nrow(margins) || all(is.na(margins))) return(quantiles)
  quantiles <- matrix(quantiles, ncol = length(probs))
  normal <- !is.na(margins[, 1])
  margins[!normal, ] <- 0
  coordinate <- coordinate_of(fit, candidates, margins)
  coordinate <- lapply(coordinate, function(at) ifelse(at > 0L & normal[pmax(at, 1L)], at, 0L))
  n <- length(probs)
  levels <- c(probs, 1 - probs, 0.25, 0.75)
  away <- outer(stats::qnorm(levels), margins[, 2])
  away[, margins[, 2] == 0] <- 0
  at_levels <- evaluate_at(fit, candidates, away + rep(margins[, 1], each = length(levels)))
  ends <- cumsum(vapply(sites, function(name) max(1L, prod(site_dim(fit, name))), 0))
  for (name in candidates) {
    rows <- ends[[match(name, sites)]] - length(coordinate[[name]]) + seq_along(coordinate[[name]])
    value <- t(at_levels[[name]])
    falls <- which(value[, 2L * n + 2L] < value[, 2L * n + 1L])
    exact <- value[, seq_len(n), drop = FALSE]
    exact[falls, ] <- value[falls, n + seq_len(n)]
    use <- coordinate[[name]] > 0L
    quantiles[rows[use], ] <- exact[use, , drop = FALSE]
  }
  quantiles
}

# For each element of each site the coordinate that it depends on; 0 when on none or several. The coordinates whose
# number has a bit are moved together, then those whose number has not: an element that depends on one coordinate
# changes in exactly one of the two, for every bit, and spells the number.
coordinate_of <- function(fit, sites, margins) {
  d <- nrow(margins)
  bits <- seq_len(max(1L, ceiling(log2(d + 1)))) - 1L
  has <- outer(bits, seq_len(d), function(bit, k) k %/% 2^bit %% 2 == 1)
  moved <- rbind(FALSE, has, !has)
  step <- (0.5 + seq_len(d) %% 7 / 10) * ifelse(margins[, 2] > 0, margins[, 2], 0.1)
  values <- evaluate_at(fit, sites, moved * rep(step, each = nrow(moved)) + rep(margins[, 1], each = nrow(moved)))
  lapply(values, function(x) {
    changed <- x[-1L, , drop = FALSE] != x[rep(1L, nrow(moved) - 1L), , drop = FALSE]
    changed[is.na(changed)] <- TRUE
    with <- changed[seq_along(bits), , drop = FALSE]
    without <- changed[length(bits) + seq_along(bits), , drop = FALSE]
    single <- colSums(xor(with, without)) == length(bits)
    as.integer(ifelse(single, colSums(with * 2^bits), 0))
  })
}

# Values of sites at rows of coordinates: a matrix with a row a row for each site.
evaluate_at <- function(fit, sites, rows) {
  control <- fit_control(fit, fit$control$seed, sites)
  control$prune <- fit$control$prune
  values <- .Call(ffi_generate, fit$spec, control, array(rows, c(nrow(rows), 1L, ncol(rows))))$draws[sites]
  lapply(values, function(x) matrix(x, dim(x)[1]))
}
