#' Reparameterize a linear hidden Markov model as a Gaussian one
#'
#' The noises of a [dist_linear_hmm()] are made normal, given auxiliary sites, by a reparameterizer each:
#' [reparam_student_t()], [reparam_symmetric_stable()], [reparam_stable()]. What remains is a [dist_gaussian_hmm()]
#' with a mean and a variance for each step, whose states the Kalman filter integrates out exactly: the sampler meets
#' only the auxiliary sites, which are independent of each other a priori. Elementwise transforms of the outputs are
#' kept.
#'
#' Auxiliary sites of a site `x`: those of the noises, called `x_init`, `x_trans` and `x_obs`: `x_init_uniform`,
#' `x_init_exponential`, `x_trans_gamma`, `x_obs_z_uniform`, ...; and `x_state`, the states, drawn given everything
#' else. An observed `x` stays observed, with `NA` where it was not measured; a latent one stays latent, as a Gaussian
#' series. The strategies "minimal" and "auto" apply it to every such site. [with_scale()] multiplies the log density of
#' the outputs, which has a formula when all noise is normal; with other noise it is an error.
#'
#' @param init,trans,obs Reparameterizers of the noise of the initial state, the transitions and the outputs. `NULL`:
#'   what is needed, `reparam_student_t()` for `student_t()` and `cauchy()`, `reparam_symmetric_stable()` or
#'   `reparam_stable()` for `stable()`, nothing for normal noise.
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: The site is not `linear_hmm()`; a noise that is not normal in the end; auxiliary sites inside of
#'   [with_scale()]; those of the reparameterizers.
#' @references Durbin and Koopman (2012). Time Series Analysis by State Space Methods, 2nd edition, chapters 4 and 9.
#'   Chambers, Mallows and Stuck (1976). A method for simulating stable random variables. Journal of the American
#'   Statistical Association 71.
#' @seealso [dist_linear_hmm()]
#' @examples
#' # Robust smoothing: an outlier among the outputs.
#' m <- model(function(y) {
#'   step ~ half_normal(1)
#'   y ~ linear_hmm(
#'     dist_normal(0, 10), 1, dist_normal(0, step), 1, dist_student_t(3, 0, 0.3), duration = 8
#'   )
#' })
#' y <- c(0.1, 0.3, 0.2, 7, 0.4, 0.5, 0.3, 0.6)
#' robust <- m |> reparam(y = reparam_linear_hmm(obs = reparam_student_t()))
#' fit <- fit_nuts(robust, list(y = y), chains = 2, keep = c("step", "y_state"), seed = 1)
#' round(apply(draws(fit, "y_state"), 3, mean), 2)
#' @export
reparam_linear_hmm <- function(init = NULL, trans = NULL, obs = NULL) {
  parts <- list(init = init, trans = trans, obs = obs)
  for (name in names(parts)) {
    if (is.null(parts[[name]])) next
    if (!inherits(parts[[name]], "reparam_reparam") || is_strategy(parts[[name]]) || is_user_reparam(parts[[name]])) {
      stop_reparam(
        sprintf("`%s` must be a reparameterizer, not %s.", name, describe(parts[[name]])),
        "Write for example `reparam_stable()`; `NULL` takes what is needed."
      )
    }
    parts[[name]] <- unclass(parts[[name]])
  }
  new_reparameterizer("linear_hmm", init = parts$init, trans = parts$trans, obs = parts$obs)
}
