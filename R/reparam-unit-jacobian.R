#' Reparameterize by a linear map that keeps volumes
#'
#' The site `x`, on its unconstrained scale, is drawn as `x_<suffix> = matrix %*% x` along one of its dims. Because the
#' determinant of the matrix is 1 or -1 the density does not change. Good maps turn a correlated site into a nearly
#' independent one; [reparam_discrete_cosine()] and [reparam_haar()] are ready-made ones for time series.
#'
#' Auxiliary site: `x_<suffix>`. A site whose support is not the whole space is first taken there by the support's own
#' bijector. Observed sites are left alone, a partly observed one too (with a warning). A starting value of `x` is
#' mapped forward.
#'
#' @param matrix A square matrix with determinant 1 or -1, as large as the site is long along `dim` (a simplex of k
#'   numbers has k - 1 unconstrained ones).
#' @param suffix The auxiliary site is called `x_<suffix>`.
#' @param dim Along which dim, counted from the right: -1 is the last.
#' @param allow_batch Mixing elements of a site that were declared independent makes them one event. `TRUE` says that
#'   this is meant; sites drawn from vectors' distributions or [dist_independent()] do not need it.
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: A matrix that is not square or has another determinant, or does not fit the site; independent
#'   elements without `allow_batch`; elements that are drawn, masked or scaled one by one.
#' @references Hoffman, Sountsov, Dillon, Langmore, Tran and Vasudevan (2019). NeuTra-lizing bad geometry in Hamiltonian
#'   Monte Carlo using neural transport. arXiv:1903.03704.
#' @examples
#' # sum and difference of two parameters of which the data see mostly the sum
#' m <- model(function(y) {
#'   b[1:2] ~ normal(0, 1)
#'   y ~ normal(sum(b), 0.1)
#' })
#' rotation <- matrix(c(1, 1, -1, 1), 2) / sqrt(2)
#' reparam_map(m |> reparam(b = reparam_unit_jacobian(rotation, allow_batch = TRUE)), list(y = 1))
#' @export
reparam_unit_jacobian <- function(matrix, suffix = "transformed", dim = -1, allow_batch = FALSE) {
  if (!is.matrix(matrix) || !is.numeric(matrix) || nrow(matrix) != ncol(matrix) || !all(is.finite(matrix))) {
    stop_reparam(sprintf("`matrix` must be a square matrix of finite numbers, not %s.", describe(matrix)))
  }
  size <- as.numeric(determinant(matrix)$modulus)
  if (!is.finite(size) || abs(size) > 1e-6 * nrow(matrix)) {
    stop_reparam(
      sprintf("`matrix` must have determinant 1 or -1, but its absolute value is %s.", format(exp(size))),
      sprintf("Divide it by %s.", format(exp(size / nrow(matrix))))
    )
  }
  if (!is.character(suffix) || length(suffix) != 1L || is.na(suffix) || !nzchar(suffix)) {
    stop_reparam(sprintf("`suffix` must be one text, not %s.", describe(suffix)))
  }
  new_reparameterizer(
    "unit_jacobian", matrix = as.double(matrix), inverse = as.double(solve(matrix)), suffix = suffix,
    dim = check_along(dim), allow_batch = check_flag(allow_batch, "allow_batch")
  )
}

# A dim counted from the right, as an integer.
check_along <- function(dim) {
  as.integer(check_whole(dim, "dim", -8, -1))
}
