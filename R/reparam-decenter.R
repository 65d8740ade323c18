#' Decenter a site, through its transforms
#'
#' What [reparam_transform()] followed by [reparam_loc_scale()] along the derived sites does: a lognormal `k` becomes
#' `k_base`, a normal, which becomes `k_base_decentered`, standard noise. A site that is not transformed is decentered
#' as it is. You never need to know the derived names.
#'
#' @inheritParams reparam_loc_scale
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors:
#' `centered` outside of 0 to 1 at once; when the model runs, a family that has no location and scale on the real
#' line even without its transforms.
#' @examples
#' m <- model(function(y) {
#'   k ~ lognormal(0, 1)
#'   y ~ lognormal(log(k), 0.1)
#' })
#' reparam(m, k = decenter(), y = decenter())
#' @export
decenter <- function(centered = 0) {
  check_centered(centered)
  reparam_chain(reparam_transform(), reparam_loc_scale(centered))
}

# Reparameterizers applied one after the other, each to the site that the one before it created.
reparam_chain <- function(...) {
  new_reparameterizer("chain", parts = lapply(list(...), unclass))
}
