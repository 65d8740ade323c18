#' A probabilistic model from an R function
#'
#' Turns an ordinary R function into a model. The function's arguments are the data; its body says how the data came
#' about, with [draw()] or `~` for random quantities and [record()] or `:=` for computed ones that should be kept.
#' Everything else in the body is plain R: loops, helpers, indexing, matrix algebra.
#'
#' # The two spellings
#'
#' `x ~ normal(mu, sd)` means `x <- draw("x", dist_normal(mu, sd), obs = <x, if x is an argument with a value>)`, and
#' `x := e` means `x <- record("x", e)`. `~` and `:=` have these meanings only while the model is being traced; outside,
#' nothing of R is masked.
#'
#' * On the right of `~`, `foo(...)` stands for `dist_foo(...)`, looked up in this package first and then where the
#'   model was written, so you add a family by defining `dist_foo()`. Only the first name is looked up: `gamma(3)`
#'   among the arguments is still R's function. Combinators look their distribution arguments up in the same way: `x ~
#'   transformed(normal(0, 1), "exp")`. A variable that holds a distribution works too. When the right side is no
#'   distribution, the formula stays a formula.
#' * Only the model function's arguments (and [condition()], and `obs =` of [draw()]) observe. An argument that has a
#'   value is observed; its `NA` elements are unknown; `NULL` means that the site is simulated. A local variable that
#'   already holds numbers is storage, never data.
#' * `theta[1:8] ~ normal(mu, tau)` has eight elements, `z[1:3, 1:4] ~ normal(0, 1)` is a matrix. `x[i] ~ normal(...)`
#'   in a loop draws element `i` of the site `x`. Parameters recycle as in R.
#'
#' # Unknown values
#'
#' `NA` in the data of a site is inferred with everything else when something depends on it, and drawn afterwards when
#' nothing does. Elements of one site that depend on each other, as those of a time series do, are drawn one at a time:
#' `for (t in 2:n) y[t] ~ normal(phi * y[t - 1], sd)`. `NA` anywhere else, as in a predictor, is an error; give that predictor
#' a distribution and it is a site.
#'
#' @param fn A function, or a model (which is returned as it is). Arguments without a default must be given as data when
#'   the model is used.
#' @return An object of class `reparam_model`: the function and a stack of handlers, to which verbs such as
#'   [condition()] and [reparam()] add.
#' @section Errors:
#' `model()` refuses what is no function written in R. All else is found when the model meets data, and names the
#' statement: a family that does not exist, two statements for one site, shapes that do not fit, R code that cannot run
#' on random quantities (see [traceable()]).
#' @seealso `vignette("models")` for a dozen models, [distributions] for the families, [model_spec()] for what a model
#'   becomes.
#' @examples
#' schools <- model(function(sigma, y = NULL) {
#'   mu ~ normal(0, 5)
#'   tau ~ half_cauchy(5)
#'   theta[1:8] ~ normal(mu, tau)
#'   y ~ normal(theta, sigma)
#' })
#' schools
#' sigma <- c(15, 10, 16, 11, 9, 11, 10, 18)
#' fit_nuts(schools, list(sigma = sigma, y = c(28, 8, -3, 7, -1, 1, 18, 12)), chains = 2, seed = 1)
#'
#' # the same in the explicit form
#' schools <- model(function(sigma, y = NULL) {
#'   mu <- draw("mu", dist_normal(0, 5))
#'   tau <- draw("tau", dist_half_cauchy(5))
#'   theta <- draw("theta", dist_normal(mu, tau), dim = 8)
#'   draw("y", dist_normal(theta, sigma), obs = y)
#' })
#' @export
model <- function(fn) {
  if (inherits(fn, "reparam_model")) return(fn)
  if (!is.function(fn)) {
    stop_reparam(
      sprintf("`fn` must be a function, not %s.", describe(fn)),
      "Write `model(function(n, y = NULL) { ... })`."
    )
  }
  if (is.primitive(fn)) stop_reparam("`fn` must be a function written in R, not a primitive.")
  structure(list(fn = fn, handlers = list()), class = "reparam_model")
}

#' @rdname model
#' @param x A model.
#' @param ... Ignored.
#' @export
format.reparam_model <- function(x, ...) {
  lines <- paste0("<model> function(", paste(argument_texts(x$fn), collapse = ", "), ")")
  lines <- c(lines, "  sites: known once the model meets data, see model_spec()")
  for (handler in x$handlers) lines <- c(lines, paste0("  |> ", format_handler(handler)))
  lines
}

#' @rdname model
#' @export
print.reparam_model <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

argument_texts <- function(fn) {
  arguments <- formals(fn)
  vapply(names(arguments), function(name) {
    if (is_missing_argument(arguments[[name]])) name else paste(name, "=", call_text(arguments[[name]], 30L))
  }, "", USE.NAMES = FALSE)
}

is_missing_argument <- function(argument) {
  is.symbol(argument) && !nzchar(as.character(argument))
}

# Every verb and every fit takes a function as well as a model.
as_model <- function(x) {
  if (inherits(x, "reparam_model")) return(x)
  if (is.function(x)) return(model(x))
  stop_reparam(
    sprintf("`model` must be a model, not %s.", describe(x)),
    "Make one with `model(function(n, y = NULL) { ... })`."
  )
}

# A short phrase for what an object is, for messages.
describe <- function(x) {
  if (is.null(x)) return("NULL")
  if (inherits(x, "reparam_dist")) return("a distribution")
  if (inherits(x, "reparam_model")) return("a model")
  if (is_traced(x)) return("a value that depends on sites")
  if (is.function(x)) return("a function")
  if (is.factor(x)) return("a factor")
  if (is.data.frame(x)) return("a data frame")
  if (is.list(x)) return("a list")
  if (is.environment(x)) return("an environment")
  if (is.language(x)) return("an expression")
  if (is.atomic(x)) {
    if (length(x) == 1L) return(if (is.character(x)) sprintf("the text \"%s\"", x) else paste("the value", format(x)))
    kind <- switch(typeof(x), character = "a character", logical = "a logical", complex = "a complex", "a numeric")
    return(sprintf("%s vector of length %d", kind, length(x)))
  }
  sprintf("an object of class %s", class(x)[1])
}
