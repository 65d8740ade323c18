# Statistics and special functions on traced values, by the definitions of R's own functions.

# ---- moments ----

#' @export
mean.rp <- function(x, trim = 0, na.rm = FALSE, ...) {
  if (na.rm) x <- x[!is.na(x)]
  if (trim > 0) {
    cut <- floor(length(x) * min(trim, 0.5)) + 1
    if (trim >= 0.5) return(median.rp(x))
    x <- sort.rp(x)[cut:(length(x) + 1 - cut)]
  }
  sum(x) / length(x)
}

overlay_var <- function(x, y = NULL, na.rm = FALSE, use) {
  if (!has_codes(x) && !has_codes(y) && missing(use)) return(stats::var(x, y, na.rm))
  if (!has_codes(x) && !has_codes(y)) return(stats::var(x, y, na.rm, use))
  if (is.null(dim(x)) && is.null(y)) {
    if (na.rm) x <- x[!is.na(x)]
    return(sum((unname_codes(x) - mean(x))^2) / (length(x) - 1))
  }
  covariance(x, y)
}

overlay_sd <- function(x, na.rm = FALSE) {
  if (has_codes(x)) sqrt(overlay_var(as.double.rp(bless(x)), na.rm = na.rm)) else stats::sd(x, na.rm)
}

overlay_cov <- function(x, y = NULL, use = "everything", method = "pearson") {
  if (!has_codes(x) && !has_codes(y)) return(stats::cov(x, y, use, method))
  check_pearson("cov", method)
  if (is.null(dim(x)) && is.null(y)) trace_fail("supply both 'x' and 'y' or a matrix-like 'x'")
  covariance(x, y)
}

overlay_cor <- function(x, y = NULL, use = "everything", method = "pearson") {
  if (!has_codes(x) && !has_codes(y)) return(stats::cor(x, y, use, method))
  check_pearson("cor", method)
  if (is.null(dim(x)) && is.null(y)) trace_fail("supply both 'x' and 'y' or a matrix-like 'x'")
  spread_of <- function(z) if (is.null(dim(z))) overlay_sd(z) else apply_columns(z, overlay_sd)
  x_spread <- spread_of(x)
  y_spread <- if (is.null(y)) x_spread else spread_of(y)
  result <- covariance(x, y)
  if (is.null(dim(result))) return(result / (x_spread * y_spread))
  result / overlay_tcrossprod(as.vector(x_spread), as.vector(y_spread))
}

overlay_cov2cor <- function(V) {
  if (!has_codes(V)) return(stats::cov2cor(V))
  n <- square_size(V, "V")
  scale <- 1 / sqrt(diagonal_of(V, FALSE))
  result <- V * rep(scale, n) * rep(scale, each = n)
  assign_codes(`[<-`, result, cbind(seq_len(n), seq_len(n)), value = 1)
}

apply_columns <- function(x, fn) overlay_unlist(lapply(seq_len(ncol(x)), function(k) fn(x[, k])))

check_pearson <- function(name, method) {
  if (!identical(method[1L], "pearson")) {
    trace_fail(sprintf("`%s()` of traced values works with method \"pearson\" only.", name), order_hint)
  }
}

covariance <- function(x, y) {
  centered <- function(z) {
    flat <- if (is.null(dim(z))) overlay_matrix(z, ncol = 1L) else z
    flat - rep(as.vector(overlay_colMeans(flat)), each = nrow(flat))
  }
  a <- centered(x)
  b <- if (is.null(y)) a else centered(y)
  result <- overlay_crossprod(a, b) / (nrow(a) - 1)
  if (is.null(dim(x)) && is.null(dim(y))) as.vector(result) else result
}

#' @export
weighted.mean.rp <- function(x, w, ...) if (missing(w)) mean(x) else sum(x * w) / sum(w)

overlay_weighted_mean <- function(x, w, ...) {
  if (missing(w)) return(if (has_codes(x)) mean(bless(x)) else stats::weighted.mean(x, ...))
  if (has_codes(x) || has_codes(w)) weighted.mean.rp(x, w) else stats::weighted.mean(x, w, ...)
}

# ---- order statistics ----

#' @export
sort.rp <- function(x, decreasing = FALSE, ...) {
  x <- as.double.rp(x)
  sorted <- take_at(x, linalg("order", x))
  if (decreasing) rev(sorted) else sorted
}

#' @export
median.rp <- function(x, na.rm = FALSE, ...) {
  if (na.rm) x <- x[!is.na(x)]
  n <- length(x)
  half <- (n + 1L) %/% 2L
  sorted <- sort.rp(x)
  if (n %% 2L == 1L) sorted[half] else mean(sorted[half + 0:1])
}

overlay_quantile <- function(x, probs = seq(0, 1, 0.25), ...) {
  if (has_codes(probs)) {
    trace_fail("`quantile()` needs probabilities that are numbers.", "Only `x` may depend on sites.")
  }
  stats::quantile(if (has_codes(x)) bless(x) else x, probs, ...)
}

#' @export
quantile.rp <- function(x, probs = seq(0, 1, 0.25), na.rm = FALSE, names = TRUE, type = 7, ...) {
  if (na.rm) x <- x[!is.na(x)]
  n <- length(x)
  fuzz <- 4 * .Machine$double.eps
  if (type <= 3) {
    at <- if (type == 3) n * probs - 0.5 else n * probs
    low <- floor(at + fuzz)
    weight <- switch(type, at > low, ((at > low) + 1) / 2, (at != low) | (low %% 2 == 1))
  } else {
    a <- c(0, 0.5, 0, 1, 1 / 3, 3 / 8)[type - 3]
    b <- c(1, 0.5, 0, 1, 1 / 3, 3 / 8)[type - 3]
    at <- a + probs * (n + 1 - a - b)
    low <- floor(at + fuzz)
    weight <- at - low
    weight[abs(weight) < fuzz] <- 0
  }
  sorted <- sort.rp(x)
  inside <- function(k) pmin(pmax(k, 1), n)
  result <- (1 - weight) * sorted[inside(low)] + weight * sorted[inside(low + 1)]
  if (names) base::names(result) <- base::names(stats::quantile(0, probs))
  result
}

# ---- special functions of two arguments ----

overlay_lbeta <- function(a, b) {
  if (has_codes(a) || has_codes(b)) lgamma(a) + lgamma(b) - lgamma(a + b) else lbeta(a, b)
}

overlay_beta <- function(a, b) if (has_codes(a) || has_codes(b)) exp(overlay_lbeta(a, b)) else beta(a, b)

# As in R, k is rounded; small k that are known give the product, which is right for every n.
overlay_choose <- function(n, k) {
  if (!has_codes(n) && !has_codes(k)) return(choose(n, k))
  k <- round(k)
  if (!has_codes(k) && !anyNA(k) && all(k <= 30)) {
    result <- n * 0 + (k >= 0)
    for (j in seq_len(max(k, 0))) result <- result * elementwise("select", +(j <= k), (n - j + 1) / j, 1)
    return(result)
  }
  elementwise("select", (k >= 0) & (k <= n), exp(overlay_lchoose_positive(n, k)), no_choice(n, k))
}

# Outside 0 <= k <= n: nothing to choose from whole numbers; what R continues to other n is not known here.
no_choice <- function(n, k) elementwise("select", (k < 0) | ((n >= 0) & (n == floor(n))), 0, NaN)

overlay_lchoose_positive <- function(n, k) lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)

overlay_lchoose <- function(n, k) {
  if (!has_codes(n) && !has_codes(k)) return(lchoose(n, k))
  k <- round(k)
  elementwise("select", (k >= 0) & (k <= n), overlay_lchoose_positive(n, k), log(abs(overlay_choose(n, k))))
}

overlay_complete_cases <- function(...) {
  if (!.Call(ffi_trace_any, environment())) return(stats::complete.cases(...))
  # traced values are numbers
  do.call(stats::complete.cases, lapply(list(...), function(x) {
    if (is_traced(x)) array(0, shape_of(x)) else x
  }))
}

overlay_psigamma <- function(x, deriv = 0L) {
  if (!has_codes(x)) return(psigamma(x, deriv))
  if (has_codes(deriv) || length(deriv) != 1L || !deriv %in% 0:3) {
    trace_fail("`psigamma()` of a traced value takes the derivatives 0 to 3.", "Give `deriv` as one number.")
  }
  elementwise(c("digamma", "trigamma", "tetragamma", "pentagamma")[deriv + 1], x)
}

bessel_of <- function(name, op, sign) {
  fn <- get(name, envir = baseenv())
  force(op)
  force(sign)
  scaled <- sign != 0
  function(x, nu, expon.scaled = FALSE) {
    if (!has_codes(x) && !has_codes(nu)) return(if (scaled) fn(x, nu, expon.scaled) else fn(x, nu))
    if (has_codes(nu)) {
      trace_fail(sprintf("`%s()` has no derivative with respect to its order `nu`.", name), "Give `nu` as a number.")
    }
    value <- elementwise(op, x, nu)
    if (expon.scaled) value * exp(sign * x) else value
  }
}

overlay_statistics <- function() {
  c(
    list(
      var = overlay_var, sd = overlay_sd, cov = overlay_cov, cor = overlay_cor, cov2cor = overlay_cov2cor,
      weighted.mean = overlay_weighted_mean, quantile = overlay_quantile,
      beta = overlay_beta, lbeta = overlay_lbeta, choose = overlay_choose, lchoose = overlay_lchoose,
      complete.cases = overlay_complete_cases, psigamma = overlay_psigamma,
      besselI = bessel_of("besselI", "bessel_i", -1),
      besselK = bessel_of("besselK", "bessel_k", 1), besselJ = bessel_of("besselJ", "bessel_j", 0),
      besselY = bessel_of("besselY", "bessel_y", 0),
      atan2 = function(y, x) if (has_codes(y) || has_codes(x)) elementwise("atan2", y, x) else atan2(y, x)
    ),
    overlay_distributions()
  )
}
