#' Reparameterize a series by its discrete cosine transform
#'
#' The site `x`, on its unconstrained scale, is drawn as its cosine coefficients: `x_dct = w * DCT(x)`, the orthonormal
#' type II transform along a dim, with weights `w` proportional to `(k - 1/2)^smooth` for coefficient k whose
#' product is 1, so that the density does not change. A smooth series has correlated elements, but nearly independent
#' coefficients of about equal size when `smooth` fits: 0 for white noise, 1 for a random walk (Brownian motion), 2 for
#' an integrated one, -1 for differences of white noise; any real number is allowed.
#'
#' It pays when the data determine the series well: a random walk of length 256 seen with noise 30 times
#' its step gives many times as many effective draws per gradient. When every element is seen about as precisely as it
#' moves, there is nothing to gain.
#'
#' Auxiliary site: `x_dct`, of the shape of `x`. Supports other than the whole space, observed sites and starting
#' values: as [reparam_unit_jacobian()].
#'
#' @inheritParams reparam_unit_jacobian
#' @param smooth The exponent of the weights.
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: Independent elements without `allow_batch`; elements that are drawn, masked or scaled one by one; a
#'   dim that the site does not have.
#' @references Ahmed, Natarajan and Rao (1974). Discrete cosine transform. IEEE Transactions on Computers C-23.
#' @seealso [reparam_haar()] for series with jumps.
#' @examples
#' m <- model(function(n, y) {
#'   x ~ gaussian_random_walk(n, 0.1)
#'   y ~ normal(x, 1)
#' })
#' reparam_map(m |> reparam(x = reparam_discrete_cosine(smooth = 1)), list(n = 8, y = sin(1:8)))
#' @export
reparam_discrete_cosine <- function(dim = -1, smooth = 0, allow_batch = FALSE) {
  new_reparameterizer(
    "discrete_cosine", dim = check_along(dim), smooth = check_number(smooth, "smooth"),
    allow_batch = check_flag(allow_batch, "allow_batch")
  )
}
