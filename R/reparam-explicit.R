#' Reparameterize by a transform of your own
#'
#' Draws `x_base = transform(x)` in place of `x`, from the push-forward of the distribution of `x`, and computes `x`
#' from it. It rescales or bends coordinates where you know better than the default: a site of size 1e6 divided by 1e6,
#' a positive site by its logarithm with another base.
#'
#' Auxiliary site: `x_base`. Observed sites are left alone. A starting value of `x` is mapped forward.
#'
#' @param transform A transform or a list of them (see [transforms]), applied in order; their arguments are numbers, one
#'   or one per element of the site.
#' @param inverse Apply the inverse of `transform` instead: `reparam_explicit("exp", inverse = TRUE)` draws the
#'   logarithm.
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: Transforms that change the number of elements or depend on sites.
#' @examples
#' m <- model(function(y) {
#'   m ~ normal(1e6, 1e6)
#'   y ~ normal(m, 1e4)
#' })
#' reparam_map(m |> reparam(m = reparam_explicit(transform_affine(-1, 1e-6))), list(y = 2e6))
#' @export
reparam_explicit <- function(transform, inverse = FALSE) {
  inverse <- check_flag(inverse, "inverse")
  parts <- lapply(as_transforms(transform), function(part) {
    constant <- vapply(part$args, function(x) !is_traced(x), NA)
    if (!all(constant)) stop_reparam("The arguments of `transform` must be numbers, not values that depend on sites.")
    if (!is.null(part$count)) stop_reparam(sprintf("`reparam_explicit()` acts on whole sites, not as %s.", format(part)))
    list(name = part$name, args = lapply(part$args, as.double), inverted = inverse != !is.null(part$inverted))
  })
  new_reparameterizer("explicit", transforms = unname(if (inverse) rev(parts) else parts))
}
