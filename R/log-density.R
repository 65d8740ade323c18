#' Log density of a model, with its gradient
#'
#' Evaluates the log density that `fit_nuts()` samples, over unconstrained coordinates: logs of positive sites, logits
#' of sites on an interval, and so on, with the Jacobian of that change of variables.
#'
#' @param model A model made by [model()], or a spec made by [model_spec()].
#' @param data Named list of the model function's arguments; ignored for a spec.
#' @param values Either a numeric vector of unconstrained coordinates, in the order of the `names` of the result's
#'   gradient, or a named list of values of all latent sites by the names you gave them, on their own scale. Discrete
#'   sites that are summed out have no value here ([discrete_sites]).
#' @param reparam Strategy for sites without an entry in [reparam()]: `"auto"`, `"minimal"` or `"none"`.
#' @param prune Leave latent sites out on which no observed site depends?  See [fit_nuts()].
#' @section Errors:
#' A latent site without a value, a name that no site has, a value outside the support of its site, a value that is
#' no number, a value of a site that is summed out.
#' @return A number, with attributes `gradient` (named, one per unconstrained coordinate) and `unconstrained` (the
#'   coordinates).
#' @examples
#' coin <- model(function(y) {
#'   p ~ beta(1, 1)
#'   y ~ bernoulli(p)
#' })
#' log_density(coin, list(y = c(1, 0, 1)), list(p = 0.5))
#' @export
log_density <- function(model, data = list(), values = list(), reparam = "minimal", prune = TRUE) {
  spec <- fit_spec(with_strategy(model, reparam), data)
  control <- c(model_control(reparam, prune, 0), list(init = if (is.list(values)) values))
  if (is.list(values)) {
    check_value_types(values)
    check_value_names(names(values), spec, control)
  }
  result <- .Call(ffi_log_density, spec, control, values)
  warn_engine(result$warnings)
  names <- result$unconstrained_names
  if (is.list(values)) check_inside(stats::setNames(result$unconstrained, names))
  structure(result$value, gradient = stats::setNames(result$gradient, names),
            unconstrained = stats::setNames(result$unconstrained, names))
}

check_value_names <- function(given, spec, control) {
  table <- .Call(ffi_model_table, spec, c(list(prior = 0), control))
  known <- table_names(table)
  unknown <- setdiff(given, known)
  if (length(unknown)) {
    stop_reparam(sprintf("`values` names %s, but the model has no such site.", quote_names(unknown)),
                 sprintf("Its sites are %s.", quote_names(known, 20L)))
  }
  summed <- vapply(table$sites, function(site) if (site$kind == "summed out") site$name else "", "")
  summed <- intersect(given, summed)
  if (length(summed)) {
    stop_reparam(sprintf("`values` names %s, which is summed out of the log density.", quote_names(summed)),
                 sprintf("Leave it out, or fix it: `condition(model, %s = )`.", summed[1]))
  }
}

check_value_types <- function(values) {
  for (name in names(values)) {
    if (!is.numeric(values[[name]]) && !is.logical(values[[name]]) || anyNA(values[[name]])) {
      stop_reparam(sprintf("`values` must give numbers for `%s`, not %s.", name, describe(values[[name]])))
    }
  }
}

check_inside <- function(unconstrained) {
  outside <- names(unconstrained)[!is.finite(unconstrained)]
  if (!length(outside)) return(invisible())
  stop_reparam(sprintf("The values of %s lie outside the support of the site.", quote_names(outside)))
}
