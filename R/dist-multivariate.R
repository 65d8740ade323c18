#' Multivariate normal distribution
#'
#' Density \eqn{f(x) = \exp(-(x - m)' \Sigma^{-1} (x - m) / 2) / \sqrt{\det(2 \pi \Sigma)}}{f(x) = exp(-(x - mean)'
#' cov^-1 (x - mean) / 2) / sqrt(det(2 pi cov))} of vectors `x`. Give the covariance matrix, the precision matrix (its
#' inverse), or the lower Cholesky factor of the covariance matrix, `cov = cholesky %*% t(cholesky)`.
#'
#' A vector may be observed in part: the numbers that are not `NA` contribute their marginal density, and the others are
#' drawn given these; where something observed depends on them, they are inferred as elements of the auxiliary site
#' `y_missing`. The same holds for [dist_mvn_lowrank()] and [dist_mv_student_t()].
#'
#' @param mean Mean vector, or one number for all; finite. A matrix has the mean of one event in each row.
#' @param cov Covariance matrix; symmetric and positive definite.
#' @param precision Precision matrix; symmetric and positive definite.
#' @param cholesky Lower triangular matrix with a positive diagonal.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' None or several of `cov`, `precision` and `cholesky`; a matrix that is not square or (where it is a constant) not
#' positive definite; a mean whose length does not fit it.
#' @references Gelman et al. (2013). Bayesian Data Analysis, 3rd edition, appendix A.
#' @seealso [distributions], [dist_mv_student_t()], [dist_gaussian_random_walk()]
#' @examples
#' dist_mvn(c(0, 1), matrix(c(2, 0.5, 0.5, 1), 2))
#' @export
dist_mvn <- function(mean = 0, cov, precision, cholesky) {
  given <- c("cov", "precision", "cholesky")[!c(missing(cov), missing(precision), missing(cholesky))]
  if (length(given) != 1L) stop_reparam("Give exactly one of `cov`, `precision` and `cholesky`.")
  switch(given,
    cov = location_matrix_dist("mvn", "mean", mean, "cov", cov),
    precision = location_matrix_dist("mvn_precision", "mean", mean, "precision", precision),
    cholesky = location_matrix_dist("mvn_cholesky", "mean", mean, "cholesky", cholesky)
  )
}

#' Multivariate normal distribution with a low-rank covariance
#'
#' The multivariate normal with covariance `factor %*% t(factor) + diag(diagonal)`, evaluated in `nrow(factor) *
#' ncol(factor)^2` operations (Woodbury's identity): for many dimensions that share few factors.
#'
#' @param mean Mean vector, or one number for all; finite.
#' @param factor Matrix with one row for each dimension and one column for each factor.
#' @param diagonal Variances that belong to each dimension alone, or one number for all; positive.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' A `factor` that is not a matrix; lengths that do not fit its rows.
#' @references Petersen and Pedersen (2012). The Matrix Cookbook, section 3.2.
#' @seealso [dist_mvn()]
#' @examples
#' dist_mvn_lowrank(0, cbind(c(1, 0.5, 0.2)), c(0.1, 0.2, 0.3))
#' @export
dist_mvn_lowrank <- function(mean = 0, factor, diagonal) {
  if (length(dim(factor)) != 2L) stop_reparam("`factor` must be a matrix with one row for each dimension.")
  k <- nrow(factor)
  if (!length(mean) %in% c(1L, k)) stop_reparam(sprintf("`mean` must have length 1 or %d, not %d.", k, length(mean)))
  if (!length(diagonal) %in% c(1L, k)) {
    stop_reparam(sprintf("`diagonal` must have length 1 or %d, not %d.", k, length(diagonal)))
  }
  args <- list(mean = mean, factor = factor, diagonal = rep_len(diagonal, k))
  new_event_dist("mvn_lowrank", args, list(diagonal = "positive"), event = k)
}

#' Projected normal distribution
#'
#' The direction `z / sqrt(sum(z^2))` of a normal vector `z` with mean `concentration` and unit variances: a
#' distribution on the unit sphere, in any dimension. With `t = sum(concentration * x)` the density is \eqn{(2
#' \pi)^{-(d - 1) / 2} \exp(-(|c|^2 - t^2) / 2) \int_0^\infty r^{d - 1} \phi(r - t) dr}{(2 pi)^(-(d - 1) / 2)
#' exp(-(sum(c^2) - t^2) / 2) times the integral of r^(d - 1) dnorm(r - t) over r > 0}.
#'
#' A site of this law can be observed, and drawn from its distribution; the sphere has no unconstrained coordinates.
#'
#' @param concentration A vector: its direction is the mean direction, its length tells how concentrated the law is. A
#'   matrix has that of one event in each row.
#' @return An object of class `reparam_dist`, of vectors of length 1.
#' @inheritSection dist_normal Errors
#' @references Hernandez-Stumpfhauser, Breidt and van der Woerd (2017). The general projected normal distribution of
#'   arbitrary dimension. Bayesian Analysis 12.
#' @seealso [dist_von_mises()]
#' @examples
#' dist_projected_normal(c(1, 2, 0))
#' @export
dist_projected_normal <- function(concentration) {
  new_rows_dist("projected_normal", "concentration", concentration, "real")
}

#' Multivariate Student's t distribution
#'
#' Density proportional to \eqn{(1 + (x - m)' S^{-1} (x - m) / \nu)^{-(\nu + k) / 2}}{(1 + (x - location)' scale^-1 (x -
#' location) / df)^(-(df + k) / 2)} of vectors `x` of length `k`.
#'
#' @param df Degrees of freedom; positive.
#' @param location Location vector, or one number for all; finite. A matrix has the location of one event in each row.
#' @param scale Scale matrix; symmetric and positive definite. The covariance is `scale * df / (df - 2)` for `df > 2`.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' A `scale` that is not square or (where it is a constant) not positive definite; a location whose length does not fit
#' it.
#' @references Kotz and Nadarajah (2004). Multivariate t Distributions and Their Applications, chapter 1.
#' @seealso [distributions], [dist_mvn()]
#' @examples
#' dist_mv_student_t(4, c(0, 1), diag(2))
#' @export
dist_mv_student_t <- function(df, location = 0, scale) {
  location_matrix_dist(
    "mv_student_t", "location", location, "scale", scale, others = list(df = df), constraints = list(df = "positive")
  )
}

#' Dirichlet distribution
#'
#' Density \eqn{f(x) = \Gamma(\sum a_i) / \prod \Gamma(a_i) \prod x_i^{a_i - 1}}{f(x) = Gamma(sum a) / prod(Gamma(a))
#' prod(x^(a - 1))} of vectors of nonnegative numbers that sum to 1.
#'
#' @param concentration Concentrations; positive. A matrix has those of one event in each row.
#' @return An object of class `reparam_dist`. Mean `concentration / sum(concentration)`.
#' @inheritSection dist_normal Errors
#' @references Kotz, Balakrishnan and Johnson (2000). Continuous Multivariate Distributions, volume 1, chapter 49.
#' @seealso [distributions], [dist_beta()]
#' @examples
#' dist_dirichlet(c(1, 2, 3))
#' @export
dist_dirichlet <- function(concentration) {
  new_rows_dist("dirichlet", "concentration", concentration, "positive")
}

#' Relaxed one-hot categorical distribution
#'
#' The Concrete or Gumbel-softmax law on the simplex, of `softmax((logits + u) / temperature)` with standard Gumbel `u`.
#' It tends to one-hot vectors of a categorical as `temperature` goes to 0.
#'
#' @param temperature Temperature; positive.
#' @param prob Weights of the categories; positive. A matrix has those of one event in each row.
#' @param logits Log weights, finite, in the same shapes. Give either `prob` or `logits`.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' Both or none of `prob` and `logits`; an argument that is not numeric, is empty, or lies outside its range.
#' @references Maddison, Mnih and Teh (2017). The Concrete distribution. ICLR, equation 10. Jang, Gu and Poole (2017).
#'   Categorical reparameterization with Gumbel-softmax. ICLR.
#' @seealso [distributions], [dist_categorical()]
#' @examples
#' dist_relaxed_onehot_categorical(0.5, c(0.2, 0.3, 0.5))
#' @export
dist_relaxed_onehot_categorical <- function(temperature, prob, logits) {
  if (one_given(missing(prob), missing(logits), "prob", "logits") == "prob") {
    check_dist_argument(prob, "prob", "positive")
    logits <- log(prob)
  }
  new_rows_dist(
    "relaxed_onehot_categorical", "logits", logits, "real",
    others = list(temperature = temperature), constraints = list(temperature = "positive")
  )
}

#' Gaussian random walk
#'
#' Vectors of length `n` with `x[1] ~ normal(0, sd)` and `x[i] ~ normal(x[i - 1], sd)`.
#'
#' @param n Length; a whole number, 1 or more.
#' @param sd Standard deviation of a step; positive.
#' @return An object of class `reparam_dist`. Mean 0, variance `i * sd^2` of element `i`.
#' @inheritSection dist_normal Errors
#' @references Rue and Held (2005). Gaussian Markov Random Fields, section 1.1.
#' @seealso [distributions], [dist_mvn()]
#' @examples
#' dist_gaussian_random_walk(10, 0.5)
#' @export
dist_gaussian_random_walk <- function(n, sd = 1) {
  n <- check_size(n, "n")
  new_event_dist(
    "gaussian_random_walk", list(sd = sd, levels = seq_len(n)), list(sd = "positive"), batch = shape_of(sd), event = n
  )
}

#' LKJ distribution of a Cholesky factor
#'
#' Lower Cholesky factors `L` of `n` x `n` correlation matrices whose density is proportional to
#' `det(L %*% t(L))^(shape - 1)`: as a density of `L`, \eqn{\prod_{i=2}^n L_{ii}^{n - i + 2 \eta - 2}}{prod(L[i,
#' i]^(n - i + 2 shape - 2)), i = 2, ..., n}, over its integral.
#'
#' @param n Number of rows; a whole number, 1 or more.
#' @param shape 1 is uniform over correlation matrices, more favours small correlations; positive.
#' @return An object of class `reparam_dist`, of `n` x `n` matrices.
#' @inheritSection dist_normal Errors
#' @references Lewandowski, Kurowicka and Joe (2009). Generating random correlation matrices based on vines and extended
#'   onion method. Journal of Multivariate Analysis 100.
#' @seealso [distributions], [dist_wishart()], [dist_mvn()]
#' @examples
#' dist_lkj_cholesky(3, 2)
#' @export
dist_lkj_cholesky <- function(n, shape = 1) {
  n <- check_size(n, "n")
  check_scalar_argument(shape, "shape")
  new_event_dist(
    "lkj_cholesky", list(shape = shape, levels = seq_len(n)), list(shape = "positive"), event = c(n, n)
  )
}

#' LKJ distribution of correlation matrices
#'
#' Correlation matrices with density proportional to \eqn{|X|^{shape - 1}}{det(X)^(shape - 1)}: uniform for `shape = 1`,
#' closer to the identity for larger shapes. [dist_lkj_cholesky()] is the distribution of the Cholesky factor of such a
#' matrix, which is cheaper where the factor is what the model needs.
#'
#' @param n Number of rows.
#' @param shape Shape; positive.
#' @return An object of class `reparam_dist`, of `n` by `n` matrices.
#' @inheritSection dist_normal Errors
#' @references Lewandowski, Kurowicka and Joe (2009). Generating random correlation matrices based on vines and extended
#'   onion method. Journal of Multivariate Analysis 100.
#' @seealso [distributions], [dist_lkj_cholesky()]
#' @examples
#' dist_lkj(3, 2)
#' @export
dist_lkj <- function(n, shape = 1) {
  n <- check_size(n, "n")
  check_scalar_argument(shape, "shape")
  new_event_dist("lkj", list(shape = shape, levels = seq_len(n)), list(shape = "positive"), event = c(n, n))
}

#' Wishart distribution
#'
#' Positive definite matrices with log density \eqn{(\nu - k - 1) \log|X| / 2 - tr(S^{-1} X) / 2}{(df - k - 1) log|X| /
#' 2 - tr(scale^-1 X) / 2} and a constant: the distribution of `crossprod(z)` for `df` rows `z` with covariance `scale`.
#'
#' @param df Degrees of freedom; above `nrow(scale) - 1`.
#' @param scale Scale matrix; symmetric and positive definite.
#' @return An object of class `reparam_dist`, of matrices. Mean `df * scale`.
#' @section Errors:
#' A `scale` that is not square or (where it is a constant) not positive definite; too small a `df`.
#' @references Anderson (2003). An Introduction to Multivariate Statistical Analysis, 3rd edition, chapter 7.
#' @seealso [distributions], [dist_lkj_cholesky()]
#' @examples
#' dist_wishart(5, diag(3))
#' @export
dist_wishart <- function(df, scale) {
  k <- check_square(scale, "scale")
  check_scalar_argument(df, "df")
  check_dist_argument(df, "df", "positive")
  if (!is_traced(df) && df <= k - 1) stop_reparam(sprintf("`df` must be above %d, but is %s.", k - 1L, format(df)))
  check_definite(scale, "scale")
  new_event_dist("wishart", list(df = df, scale = scale), event = c(k, k))
}

# ---- what they share ----

# A distribution of whole events: `event` are the extents of one, `batch` how many there are (empty: one).  Arguments
# are in the engine's layout, the numbers of an event next to each other, and are not recycled.
new_event_dist <- function(family, args, constraints = list(), batch = integer(), event) {
  d <- new_dist(family, args, constraints)
  d$event <- as.integer(event)
  d$batch <- if (prod(batch) == 1L) integer() else as.integer(batch)
  d
}

# Families with one vector argument, a row of which belongs to each event. `levels` tells the engine its length.
new_rows_dist <- function(family, name, value, constraint, others = list(), constraints = list(), event = NULL) {
  check_dist_argument(value, name, constraint)
  if (constraint == "nonnegative" && !is_traced(value) && !any(value > 0)) {
    stop_reparam(sprintf("`%s` must not be all 0.", name))
  }
  is_batch <- length(dim(value)) == 2L
  if (length(dim(value)) > 2L) {
    stop_reparam(sprintf("`%s` must be a vector or a matrix with one row for each event.", name))
  }
  k <- if (is_batch) ncol(value) else length(value)
  batch <- if (is_batch) nrow(value) else integer()
  for (other in others) if (length(other) > 1L && !length(batch)) batch <- shape_of(other)
  args <- c(others, stats::setNames(list(if (is_batch) t(value) else value), name), list(levels = seq_len(k)))
  constraints <- c(constraints, stats::setNames(list(constraint), name))
  new_event_dist(family, args, constraints, batch, if (is.null(event)) k else event)
}

# Families with a location vector (or one number, or a row for each event) and a square matrix.
location_matrix_dist <- function(family, location_name, location, matrix_name, matrix, others = list(),
                                 constraints = list()) {
  k <- check_square(matrix, matrix_name)
  if (matrix_name == "cholesky") check_triangular(matrix, matrix_name) else check_definite(matrix, matrix_name)
  is_batch <- length(dim(location)) == 2L
  n <- if (is_batch) ncol(location) else length(location)
  if (n != 1L && n != k) {
    stop_reparam(sprintf("`%s` has length %d, but `%s` has %d rows.", location_name, n, matrix_name, k))
  }
  args <- stats::setNames(list(if (is_batch) t(location) else location, matrix), c(location_name, matrix_name))
  new_event_dist(family, c(args, others), constraints, if (is_batch) nrow(location) else integer(), k)
}

check_square <- function(x, name) {
  check_dist_argument(x, name, "real")
  if (length(x) == 1L) return(1L)
  if (length(dim(x)) != 2L || nrow(x) != ncol(x)) stop_reparam(sprintf("`%s` must be a square matrix.", name))
  nrow(x)
}

check_definite <- function(x, name) {
  if (is_traced(x)) return(invisible())
  x <- as.matrix(x)
  definite <- isSymmetric(unname(x)) && !inherits(try(chol(x), silent = TRUE), "try-error")
  if (!definite) stop_reparam(sprintf("`%s` must be symmetric and positive definite.", name))
  invisible()
}

check_triangular <- function(x, name) {
  if (is_traced(x)) return(invisible())
  x <- as.matrix(x)
  if (any(x[upper.tri(x)] != 0) || any(diag(x) <= 0)) {
    stop_reparam(
      sprintf("`%s` must be lower triangular with a positive diagonal.", name),
      "R's chol() gives the upper factor: use `t(chol(cov))`."
    )
  }
  invisible()
}

check_size <- function(n, name) {
  if (is_traced(n)) stop_reparam(sprintf("`%s` must be a number that does not depend on sites.", name))
  check_dist_argument(n, name, "positive_count")
  check_scalar_argument(n, name)
  as.integer(n)
}

check_scalar_argument <- function(x, name) {
  if (length(x) != 1L) stop_reparam(sprintf("`%s` must be one number, not %d.", name, length(x)))
  invisible()
}
