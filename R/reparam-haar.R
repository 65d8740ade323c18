#' Reparameterize a series by its Haar wavelet transform
#'
#' The site `x`, on its unconstrained scale, is drawn as its Haar coefficients, an orthonormal map along a dim:
#' neighbours become `(a + b) / sqrt(2)` and `(a - b) / sqrt(2)`, the sums are transformed again, and the last element
#' of an odd length passes through. The coefficients stand in the order sums, differences, left-over. They are nearly
#' independent for series that move in steps at all time scales, such as random walks, and stay local in time, unlike
#' cosines.
#'
#' Auxiliary site: `x_haar`, of the shape of `x`. Supports other than the whole space, observed sites and starting
#' values: as [reparam_unit_jacobian()].
#'
#' @inheritParams reparam_unit_jacobian
#' @param flip Reverse the time first, so that the left-over elements of odd lengths are the first ones.
#' @return A reparameterizer, for use in [reparam()].
#' @inheritSection reparam_discrete_cosine Errors
#' @references Haar (1910). Zur Theorie der orthogonalen Funktionensysteme. Mathematische Annalen 69.
#' @seealso [reparam_discrete_cosine()]
#' @examples
#' m <- model(function(n, y) {
#'   x ~ gaussian_random_walk(n, 0.1)
#'   y ~ normal(x, 1)
#' })
#' reparam_map(m |> reparam(x = reparam_haar()), list(n = 8, y = sin(1:8)))
#' @export
reparam_haar <- function(dim = -1, flip = FALSE, allow_batch = FALSE) {
  new_reparameterizer(
    "haar", dim = check_along(dim), flip = check_flag(flip, "flip"),
    allow_batch = check_flag(allow_batch, "allow_batch")
  )
}
