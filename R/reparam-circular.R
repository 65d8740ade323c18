#' Reparameterize an angle by unwrapping it
#'
#' An angle on `(-pi, pi]`, such as a [dist_von_mises()] site, is drawn as a number on the whole line and wrapped: `x =
#' wrap(x_unwrapped)`. A sampler may then cross from pi to -pi. The line is weighted by a wide normal so that its
#' density is proper: `f(wrap(y)) h(y) / sum_k h(y + 2 pi k)` with `h = normal(location, 2 pi)`; the angle keeps its
#' distribution exactly.
#'
#' Auxiliary site: `x_unwrapped`. Observed sites are left alone. A starting value of `x` is used as it is.
#'
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: The site is not on the circle.
#' @examples
#' m <- model(function(y) {
#'   direction ~ von_mises(3, 1)
#'   y ~ von_mises(direction, 2)
#' })
#' reparam_map(m |> reparam(direction = reparam_circular()), list(y = c(3, -3)))
#' @export
reparam_circular <- function() {
  new_reparameterizer("circular")
}
