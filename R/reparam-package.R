#' reparam: probabilistic programming with reparameterization
#'
#' Write a model as an ordinary R function ([model()]), fit it with [fit_nuts()] or [fit_svi()], look at the draws
#' ([draws()], `summary()`, `autoplot()`). Where a posterior's geometry is hard, [reparam()] changes the coordinates and
#' nothing else.
#'
#' @name reparam-package
#' @aliases reparam-package %*%,rp,ANY-method %*%,ANY,rp-method %*%,rp,rp-method
#' @docType package
#' @keywords internal
#' @useDynLib reparam, .registration = TRUE
#' @importFrom methods setClass setMethod
#' @importFrom stats median quantile weighted.mean
NULL
