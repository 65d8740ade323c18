#' Reparameterize by location and scale
#'
#' Replaces a site `x ~ f(m, s, shape)` of a location-scale family with real support by `x_decentered ~ f(c m, s^c,
#' shape)` and `x = m + s^(1 - c) (x_decentered - c m)`. `centered = 1` leaves the site as it is, `centered = 0`
#' samples standard noise, values between lie between. The density of the model is unchanged.
#'
#' A multivariate normal (by its covariance or Cholesky factor L) is taken element by element: given those before it,
#' element k is normal with scale `L[k, k]`, and is centered to its own degree. With `centered = 0` that is `x = m + L
#' z`.
#'
#' Auxiliary site: `x_decentered`, of the shape of `x`, and the parameter `x_centered` where [fit_svi()] learns it.
#' Observed sites are left alone. A starting value of `x` is inverted.
#'
#' @param centered The degree of centering c, a number (or one per element of the site) in `[0, 1]`, or `NULL` to have
#'   it chosen for each element: by [fit_nuts()] in warm-up (see [centering()]), by [fit_svi()] as the parameter
#'   `x_centered`, which starts at 0.5.
#' @param shape_params Names of the family's other arguments that the auxiliary site keeps; `NULL` keeps all.
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: A family without location and scale, or with another support than the real line; `centered` outside
#'   of `[0, 1]`, or of another length than the site; `shape_params` that the family does not have, or that leave out
#'   one it needs.
#' @references Papaspiliopoulos, Roberts and Sköld (2007). A general framework for the parametrization of hierarchical
#'   models. Statistical Science 22. Gorinova, Moore and Hoffman (2020). Automatic reparameterisation of probabilistic
#'   programs. ICML.
#' @seealso [decenter()], which also deals with transformed families such as the lognormal.
#' @examples
#' m <- model(function(y) {
#'   tau ~ half_normal(1)
#'   theta[1:8] ~ normal(0, tau)
#'   y ~ normal(theta, 1)
#' })
#' reparam(m, theta = reparam_loc_scale(0))
#' @export
reparam_loc_scale <- function(centered = NULL, shape_params = NULL) {
  check_centered(centered)
  if (!is.null(shape_params) && (!is.character(shape_params) || anyNA(shape_params))) {
    stop_reparam(sprintf("`shape_params` must be names of arguments, not %s.", describe(shape_params)))
  }
  new_reparameterizer("loc_scale", centered = if (!is.null(centered)) as.double(centered), shape_params = shape_params)
}

check_centered <- function(centered) {
  if (is.null(centered)) return(invisible())
  if (!is.numeric(centered) || !length(centered) || anyNA(centered) || any(centered < 0 | centered > 1)) {
    stop_reparam(
      sprintf("`centered` must be between 0 and 1, or NULL to learn it, not %s.", describe(centered)),
      "0 samples standard noise (non-centered), 1 leaves the site as it is (centered)."
    )
  }
}

# A reparameterizer is its kind and its settings; settings that are NULL are left out.
new_reparameterizer <- function(kind, ...) {
  settings <- list(...)
  structure(c(list(kind = kind), settings[!vapply(settings, is.null, NA)]), class = "reparam_reparam")
}

#' @export
format.reparam_reparam <- function(x, ...) {
  switch(x$kind,
    chain = format_chain(x$parts),
    user = "<function>",
    conjugate = sprintf("reparam_conjugate(%s)", guide_text(x$guide)),
    linear_hmm = format_noises(x[setdiff(names(x), "kind")]),
    neutra = , structured = sprintf("reparam_%s(<%s>)", x$kind, trained_text(x)),
    strategy = format_call(paste0("reparam_", x$name), x["centered"]),
    format_call(paste0("reparam_", x$kind), x[setdiff(names(x), "kind")])
  )
}

#' @export
print.reparam_reparam <- function(x, ...) {
  cat("<reparameterizer> ", format(x), "\n", sep = "")
  invisible(x)
}

format_reparameterizer <- function(x) {
  format.reparam_reparam(x)
}

# "reparam_linear_hmm(obs = reparam_stable())"
format_noises <- function(noises) {
  texts <- vapply(noises, format_reparameterizer, "")
  sprintf("reparam_linear_hmm(%s)", paste(names(noises), "=", texts, recycle0 = TRUE, collapse = ", "))
}

format_chain <- function(parts) {
  kinds <- vapply(parts, `[[`, "", "kind")
  if (identical(kinds, c("transform", "loc_scale"))) return(format_call("decenter", parts[[2]]["centered"]))
  paste(vapply(parts, format_reparameterizer, ""), collapse = ", then ")
}

# "reparam_loc_scale(centered = 0)"
format_call <- function(name, settings) {
  settings <- settings[!vapply(settings, is.null, NA) & !is.na(names(settings))]
  texts <- vapply(settings, function(value) call_text(value, 40L), "")
  paste0(name, "(", paste(names(settings), "=", texts, recycle0 = TRUE, collapse = ", "), ")")
}
