#' Reparameterize a stable site by a normal of random location and scale
#'
#' A stable law is the sum of a totally skewed and of a symmetric one, and the symmetric one is a normal of random
#' variance. Given four auxiliary sites, all of simple laws, `x ~ stable(alpha, beta, s, m)` is a normal, so that stable
#' noise can be observed, or go into a Kalman filter, without the density of the stable law:
#'
#' In standard units, with the map `Z` of Chambers, Mallows and Stuck for S0 laws, `b = |beta|` and `T = Z(alpha, 1;
#' t)`, the location is `m + s (sign(beta) b^(1/alpha) T + (sign(beta) b^(1/alpha) - beta) tan(pi alpha / 2))` and the
#' standard deviation that of [reparam_symmetric_stable()] times `(1 - b)^(1/alpha)`. The formula is evaluated without a
#' gap at `alpha = 1`.
#'
#' Auxiliary sites: `x_z_uniform` and `x_z_exponential` of the symmetric part, `x_t_uniform` and `x_t_exponential` of
#' the skewed one. An observed `x` stays observed, now as a normal. A starting value of `x` is used as it is. The
#' strategies "minimal" and "auto" use it for observed stable sites whose skew is not the number 0.
#'
#' A gradient costs a small part of one of the density, which is an integral, and effective draws per second are more,
#' although those per gradient are fewer: an outlier may come from either part.
#'
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: The site is not `stable()`; a constant skew of 1 or -1; a stability of 2 of some elements only.
#' @references Chambers, Mallows and Stuck (1976). A method for simulating stable random variables. Journal of the
#'   American Statistical Association 71. Nolan (2020). Univariate Stable Distributions. Springer.
#' @seealso [reparam_latent_stable()] for latent sites, [reparam_symmetric_stable()].
#' @examples
#' m <- model(function(y) {
#'   level ~ normal(0, 10)
#'   y ~ stable(1.5, 0.5, 1, level)
#' })
#' reparam_map(m |> reparam(y = reparam_stable()), list(y = c(1, 30, 2)))
#' @export
reparam_stable <- function() {
  new_reparameterizer("stable")
}
