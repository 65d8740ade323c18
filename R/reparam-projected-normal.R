#' Reparameterize a direction by normal noise
#'
#' A site `x ~ projected_normal(c)` is computed from standard normal numbers: `x = (x_normal + c) / sqrt(sum((x_normal +
#' c)^2))`. A sphere has no unconstrained coordinates, so that a latent direction cannot be sampled otherwise; the
#' strategies "minimal" and "auto" do this.
#'
#' Auxiliary site: `x_normal`, of the shape of `x`. Observed sites are left alone: their density is known. A starting
#' value of `x` becomes `x - c`.
#'
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: The site is not `projected_normal()`.
#' @inherit dist_projected_normal references
#' @examples
#' m <- model(function(y) {
#'   direction ~ projected_normal(c(0, 0, 1))
#'   y ~ normal(direction, 0.2)
#' })
#' reparam_map(m, list(y = c(0.1, 0.8, 0.5)))
#' @export
reparam_projected_normal <- function() {
  new_reparameterizer("projected_normal")
}
