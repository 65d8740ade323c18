#' Reparameterize a symmetric stable site by a normal of random variance
#'
#' For skew 0 and stability below 2, `x ~ stable(alpha, 0, s, m)` is `normal(m, s sqrt(2 K))` with K positive and stable
#' with index `alpha / 2`, computed from two auxiliary sites (Kanter's formula, which does not cancel).
#'
#' Auxiliary sites: `x_uniform` on (-pi/2, pi/2) and `x_exponential`. An observed `x` stays observed, now as a normal.
#' A starting value of `x` is used as it is. The strategies "minimal" and "auto" use it for observed stable sites whose
#' skew is the number 0.
#'
#' A gradient is hundreds of times cheaper than one of the density, which is an integral. Effective draws per gradient
#' are more than the density's where the data leave a latent `x` open, when it is also decentered, as in `x =
#' list(reparam_symmetric_stable(), reparam_loc_scale(0))`; where the data say what `x` is they are fewer.
#'
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: The site is not `stable()`, its skew is not the number 0, or its stability is 2 or more.
#' @references Samorodnitsky and Taqqu (1994). Stable Non-Gaussian Random Processes, section 1.3. Kanter (1975). Stable
#'   densities under change of scale and total variation inequalities. Annals of Probability 3.
#' @seealso [reparam_stable()] for any skew, [reparam_latent_stable()] for latent sites.
#' @examples
#' m <- model(function(y) {
#'   level ~ normal(0, 10)
#'   y ~ stable(1.5, 0, 1, level)
#' })
#' reparam_map(m |> reparam(y = reparam_symmetric_stable()), list(y = c(1, 30, 2)))
#' @export
reparam_symmetric_stable <- function() {
  new_reparameterizer("symmetric_stable")
}
