#' Reparameterize by the base of a transformed distribution
#'
#' Replaces a site whose distribution is the push-forward of a simpler one, such as the lognormal (a normal through
#' `exp`) or a [dist_transformed()], by the base site `x_base`; the site itself becomes the transformed value. On an
#' observed site the density keeps its Jacobian term, so it is that of the original.
#'
#' @return A reparameterizer, for use in [reparam()].
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
