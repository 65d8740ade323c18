#' Reparameterize by the base of a transformed distribution
#'
#' Replaces a site whose distribution is the push-forward of a simpler one, such as the lognormal (a normal through
#' `exp`) or a [dist_transformed()], by the base site: `x_base ~ f0` and `x = T(x_base)`.
#'
#' Auxiliary site: `x_base`. An observed site becomes an observed base, and its density keeps the Jacobian term, so that
#' it is that of the original. A starting value of `x` is inverted.
#'
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: The site's distribution is not a transformed one.
#' @seealso [decenter()], which goes on to decenter the base.
#' @examples
#' m <- model(function(y) {
#'   k ~ lognormal(0, 1)
#'   y ~ normal(k, 1)
#' })
#' # k_base is a standard normal, k its exponential
#' reparam(m, k = reparam_transform())
#' # derived names can be configured in turn
#' reparam(m, k = reparam_transform(), k_base = reparam_loc_scale(0))
#' @export
reparam_transform <- function() {
  new_reparameterizer("transform")
}
