#' Reparameterize by a trained structured guide
#'
#' As [reparam_neutra()], for a guide [guide_structured()], and with auxiliary sites of their own for all sites:
#' `<site>_aux` is the noise `a_i` of site `i`, so that it keeps a meaning and a place. The model and its posterior stay
#' the same, however good the guide is.
#'
#' With `u_i = loc_i + delta_i` and `delta_i = S_i L_i a_i` plus `W_ij delta_j` for the sites `j` on which `i` depends,
#' and `x_i = b_i(u_i)`, the log density of the noise is `log p(x(a))` plus the sums of `log|S_i L_i|` and of
#' `log|b_i'|`. Sites whose conditional is `"delta"` have no noise: they stay where the guide put them, given the
#' others.
#'
#' @param fit A fit by [fit_svi()] with a guide [guide_structured()] over all its coordinates, of the model with the
#'   same `reparam` handlers.
#' @return A reparameterizer, for use in [reparam()]: `reparam(model, structured)` configures all sites of the guide.
#' @section Errors: A fit with another guide; when the model is used, a site of the guide that the model does not have,
#' or whose value is set.
#' @seealso [transform_sample()] and [transform_samples()], which take noise to values of the sites.
#' @examples
#' schools <- model(function(sigma, y) {
#'   mu ~ normal(0, 5)
#'   tau ~ half_cauchy(5)
#'   theta[1:3] ~ normal(mu, tau)
#'   y ~ normal(theta, sigma)
#' })
#' lab <- list(sigma = c(15, 10, 16), y = c(28, 8, -3))
#' vi <- fit_svi(schools, lab, guide_structured(), steps = 1000, seed = 1)
#' structured <- reparam_structured(vi)
#' reparam_map(reparam(schools, structured), lab)
#' fit <- fit_nuts(reparam(schools, structured), lab, chains = 1, seed = 1)
#' mean(draws(fit, "mu"))
#' @export
reparam_structured <- function(fit) {
  if (inherits(fit, "reparam_svi") && length(fit$unconstrained_names)) {
    kinds <- vapply(fit$blocks, `[[`, "", "kind")
    if (!identical(kinds, "structured")) {
      stop_reparam(
        sprintf(
          "`reparam_structured()` needs a fit with `guide_structured()`, not with `%s`.",
          format_guide(fit$control$guide)
        ),
        "`reparam_neutra()` takes other guides."
      )
    }
  } else {
    check_trained(fit, "reparam_structured()", "guide_structured()")
  }
  new_trained("structured", fit)
}

# Coordinates of the noise, site by site in the order in which they depend on each other.
structured_names <- function(x) {
  structure <- x$blocks[[1]]$structure
  noisy <- structure$conditionals != "delta"
  unlist(Map(function(site, n) {
    if (n == 1L) paste0(site, "_aux") else sprintf("%s_aux[%d]", site, seq_len(n))
  }, structure$groups[noisy], structure$sizes[noisy]), use.names = FALSE)
}
