#' Reparameterize a latent stable site by its simulation
#'
#' A latent `x ~ stable(alpha, beta, s, m)` is computed as it would be simulated: `x = m + s Z(alpha, beta; x_uniform,
#' x_exponential)` with the map of Chambers, Mallows and Stuck in the form of their subroutine RSTAB, which is exact for
#' every stability, 1 included.
#'
#' Auxiliary sites: `x_uniform` on (-pi/2, pi/2) and `x_exponential`. An observed site is an error: use
#' [reparam_stable()]. A starting value of `x` is inverted by bisection. The strategies "minimal" and "auto" use it for
#' latent stable sites.
#'
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: The site is not `stable()`, or it is observed.
#' @references Chambers, Mallows and Stuck (1976). A method for simulating stable random variables. Journal of the
#'   American Statistical Association 71.
#' @seealso [reparam_stable()], [reparam_symmetric_stable()]
#' @examples
#' m <- model(function(y) {
#'   jump ~ stable(1.5, 0.5, 1, 0)
#'   y ~ normal(jump, 1)
#' })
#' reparam_map(m |> reparam(jump = reparam_latent_stable()), list(y = 12))
#' @export
reparam_latent_stable <- function() {
  new_reparameterizer("latent_stable")
}
