#' Reparameterize a Student t as a normal with random precision
#'
#' A site `x ~ student_t(df, m, s)` is drawn in two steps that give the same distribution: `x_gamma ~ gamma(df / 2, df /
#' 2)`, then `x ~ normal(m, s / sqrt(x_gamma))`. Given the auxiliary site everything is normal, so that `x` can be
#' decentered or go into a Kalman filter.
#'
#' It pays for latent sites of few degrees of freedom whose tails the data leave open: followed by
#' [reparam_loc_scale()], as in `x = list(reparam_student_t(), reparam_loc_scale(0))`, all coordinates have light tails.
#' On observed sites, and where the data say what `x` is, the auxiliary sites only cost: use it there for what needs
#' normals.
#'
#' A site `x ~ cauchy(m, s)` is taken as a Student t with one degree of freedom.
#'
#' Auxiliary site: `x_gamma`, of the shape of `x`. An observed `x` stays observed, now as a normal; integrating
#' `x_gamma` out gives back its density. A starting value of `x` is used as it is.
#'
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: The site is neither `student_t()` nor `cauchy()`.
#' @references Andrews and Mallows (1974). Scale mixtures of normal distributions. Journal of the Royal Statistical
#'   Society B 36.
#' @seealso [reparam_stable()] for heavier tails.
#' @examples
#' # the tails stay open: ten numbers of which only the sum is measured, and badly
#' m <- model(function(y) {
#'   x[1:10] ~ student_t(1, 0, 1)
#'   y ~ normal(sum(x), 100)
#' })
#' light <- m |> reparam(x = list(reparam_student_t(), reparam_loc_scale(0)))
#' reparam_map(light, list(y = 3))
#' # an observed site stays observed
#' robust <- model(function(x, y) {
#'   slope ~ normal(0, 5)
#'   y ~ student_t(4, slope * x, 1)
#' })
#' reparam_map(robust |> reparam(y = reparam_student_t()), list(x = 1:5, y = c(1.1, 2.3, 9, 3.8, 5.1)))
#' @export
reparam_student_t <- function() {
  new_reparameterizer("student_t")
}
