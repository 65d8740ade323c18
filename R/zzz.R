.onLoad <- function(libname, pkgname) {
  register_lazily("posterior", "as_draws", "reparam_fit", as_draws.reparam_fit)
  register_lazily("posterior", "as_draws_array", "reparam_fit", as_draws_array.reparam_fit)
  register_lazily("posterior", "as_draws_df", "reparam_fit", as_draws_df.reparam_fit)
  register_lazily("posterior", "as_draws_matrix", "reparam_fit", as_draws_matrix.reparam_fit)
  register_lazily("posterior", "as_draws_rvars", "reparam_fit", as_draws_rvars.reparam_fit)
  register_lazily("ggplot2", "autoplot", "reparam_fit", autoplot.reparam_fit)
  register_lazily("ggplot2", "autoplot", "list", autoplot.list)
  register_lazily("bayesplot", "nuts_params", "reparam_nuts", nuts_params.reparam_nuts)
  register_lazily("bayesplot", "log_posterior", "reparam_nuts", log_posterior.reparam_nuts)
  register_lazily("bayesplot", "pp_check", "reparam_fit", pp_check.reparam_fit)
  register_lazily("loo", "loo", "reparam_fit", loo.reparam_fit)
  register_lazily("rstantools", "log_lik", "reparam_fit", log_lik_matrix)
  register_lazily("rstantools", "posterior_predict", "reparam_fit", posterior_predict_matrix)
}

# Registers an S3 method now if the generic's package is loaded, and whenever it is loaded later. A method that
# another package has registered already stays.
register_lazily <- function(package, generic, class, method) {
  register <- function(...) {
    home <- asNamespace(package)
    has <- function(name, where) exists(name, envir = where, inherits = FALSE)
    taken <- class == "list" && has(paste0(generic, ".", class), home[[".__S3MethodsTable__."]])
    if (!taken && has(generic, home)) registerS3method(generic, class, method, envir = home)
  }
  if (isNamespaceLoaded(package)) register()
  setHook(packageEvent(package, "onLoad"), register)
}
