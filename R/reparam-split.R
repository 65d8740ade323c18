#' Reparameterize by splitting a site into parts
#'
#' The site `x` is put together from parts `x_split_0`, `x_split_1`, ... along a dim, so that they can be treated apart:
#' given guides or a dense block of the metric of their own, reparameterized again, or observed alone. The parts have no
#' density of their own; the site contributes `log f(x)`.
#'
#' Auxiliary sites: `x_split_0`, ... Observed sites are left alone; a part may be observed by its name. A starting value
#' of `x` is cut. Draws from the prior draw `x` and cut it.
#'
#' @param sections One number, the length of each part (the last may be shorter), or the lengths of all parts.
#' @param dim Along which dim, counted from the right: -1 is the last.
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: Lengths that do not sum to that of the site; a support whose elements depend on each other, such as
#'   the simplex; elements that are drawn one by one.
#' @examples
#' m <- model(function(n, y) {
#'   x ~ gaussian_random_walk(n, 0.1)
#'   y ~ normal(x, 1)
#' })
#' # slow coefficients apart from fast ones
#' slow <- m |> reparam(x = reparam_discrete_cosine(), x_dct = reparam_split(c(3, 5)))
#' reparam_map(slow, list(n = 8, y = sin(1:8)))
#' @export
reparam_split <- function(sections, dim = -1) {
  if (!is_whole(sections)) {
    stop_reparam(sprintf("`sections` must be whole numbers from 1 on, not %s.", describe(sections)))
  }
  new_reparameterizer("split", sections = as.double(sections), dim = check_along(dim))
}
