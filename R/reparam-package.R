#' reparam: probabilistic programming with reparameterization
#'
#' Write a model as an ordinary R function ([model()]), fit it with [fit_nuts()] or [fit_svi()], look at the draws
#' ([draws()], `summary()`, `autoplot()`). Where a posterior's geometry is hard, [reparam()] changes the coordinates and
#' nothing else.
#'
#' # Where to find what
#'
#' * Write a model: [model()] says what `~` and `:=` mean, [draw()] and [record()] are their explicit form, [distributions]
#'   lists the families, [traceable()] which R code can run on random quantities. Blocks of it: [with_plate()],
#'   [with_mask()], [with_scale()]; other terms: [log_factor()], [param()].
#' * Set sites from outside: [condition()], [intervene()], [substitute_sites()], [block()], [lift()].
#' * Look before fitting: [prior_draws()], [trace_model()], [model_spec()], [log_density()].
#' * Fit: [fit_nuts()]; [fit_svi()] with [guides] and [optimizers]. Latent sites with finitely many values are summed out
#'   ([discrete_sites]).
#' * Look at a fit: [draws()], [summary()][summary.reparam_fit], [diagnose()], [plot()][plot.reparam_fit],
#'   [autoplot()][autoplot.reparam_fit]; with posterior, bayesplot and loo: [fit_interoperability].
#' * Predict and compare: [posterior_predict()], [predictive()], [log_lik()].
#' * Sample better: [decenter()], [reparam()] with its reparameterizers and [strategies][reparam_strategies],
#'   [centering()]; [check_reparam()] and [reparam_map()] show what they do.
#' * Add your own: [new_family()], [new_reparam()], [register_reparam_strategy()], guides written as models ([guides]).
#'
#' The vignettes: `vignette("models")` has a model for each of a dozen common tasks, `vignette("catalyst")` tells a whole
#' story, `vignette("centering")` is about hierarchical models, `vignette("reparameterizers")` shows what each of them
#' gains, `vignette("extending")` adds distributions.
#'
#' # Options
#'
#' * `reparam.refresh`: TRUE shows progress, FALSE does not; [fit_nuts()]'s `refresh` comes first.
#' * `reparam.keep_bytes`: how much of the draws a fit stores, 1e9 unless set; the rest is recomputed when asked for.
#' * `reparam.isa`: the instruction set, `"best"` unless set; `reparam.lanes`: how many chains are evaluated side by side.
#'   See [fit_nuts()].
#' * `mc.cores`: the default of `cores`.
#'
#' @examples
#' # Is it the weight? Fuel consumption of 32 cars, in miles per gallon; wt is in 1000 lbs.
#' consumption <- model(function(mpg, wt) {
#'   intercept ~ normal(20, 20)
#'   slope ~ normal(0, 10)
#'   sigma ~ half_normal(10)
#'   mpg ~ normal(intercept + slope * wt, sigma)
#' })
#' fit <- fit_nuts(consumption, mtcars[c("mpg", "wt")], seed = 1)
#' fit
#' mean(draws(fit, "slope") < 0)
#' @name reparam-package
#' @aliases reparam-package %*%,rp,ANY-method %*%,ANY,rp-method %*%,rp,rp-method
#' @docType package
#' @keywords internal
#' @useDynLib reparam, .registration = TRUE
#' @importFrom methods setClass setMethod
#' @importFrom stats median quantile weighted.mean
NULL
