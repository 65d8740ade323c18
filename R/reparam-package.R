#' reparam: probabilistic programming with reparameterization
#'
#' Write a model as an ordinary R function ([model()]), fit it with [fit_nuts()] or [fit_svi()], look at the draws
#' ([draws()], `summary()`, `autoplot()`). Where a posterior's geometry is hard, [reparam()] changes the coordinates and
#' nothing else.
#'
#' @keywords internal
#' @useDynLib reparam, .registration = TRUE
"_PACKAGE"
