#' Families of your own
#'
#' Makes a family out of its log density, written in R. The result is a function like [dist_normal()]: call it
#' `dist_something` and models can write `x ~ something(...)`.
#'
#' The functions are computed with as a model is: they run once, on traced values, when a model is traced, and what they
#' computed goes into the model's spec. So they are ordinary R functions of numbers (arithmetic, `exp()`, `lgamma()`,
#' `ifelse()`, `dnorm(x, log = TRUE)`, loops), but cannot branch on their arguments by `if`. Each call sees one value
#' and
#' one number for each argument; the family is applied element by element to sites that have more. A function that is
#' called by name from within the family's functions is found where they were written. Values of other sites have to
#' come in as arguments.
#'
#' With `random`, `quantile` or `cdf` the family can be drawn from, which [prior_draws()], [posterior_predict()] and
#' latent
#' sites on which no data depend need; `cdf` lets it be truncated and censored. A discrete family with finite bounds is
#' summed out when it is latent (see [discrete_sites]).
#'
#' @param name The family's name, one text, for messages and listings.
#' @param log_density A function of the value and the arguments, in this order, that gives the log density (log
#'   probability) of a value within the support. Its arguments after the first, with their defaults, become those of the
#'   new function.
#' @param support Where values live: `"real"`, `"positive"`, `"unit"` (between 0 and 1), two numbers (of which one may
#'   be
#'   infinite), or a function of the arguments that gives two numbers. Outside, the density is 0.
#' @param cdf A function of the value and the arguments: the probability up to and including it.
#' @param quantile A function of a probability and the arguments.
#' @param random A function of `draw` and the arguments, which calls `draw(dist)` with any distributions for the random
#'   numbers it needs, and gives one draw of the family.
#' @param discrete Are the values whole numbers? Then `support` must be two numbers or a function.
#' @param constraints Named list of what arguments that are numbers must satisfy: `"positive"`, `"nonnegative"`,
#'   `"unit"`,
#'   `"count"`, `"positive_count"` or `"any"`; `"real"` (finite) where not listed.
#' @return A function of the family's arguments that returns an object of class `reparam_dist`.
#' @section Errors:
#' Functions whose arguments differ from those of `log_density`; a log density that is not one number, that branches on
#' a
#' traced value, or that uses a site of the model by its name (when a model is traced).
#' @seealso `vignette("extending")`; [new_reparam()], [combinators] for what can be built from families that exist.
#' @examples
#' dist_lomax <- new_family("lomax",
#'   log_density = function(x, shape, scale) log(shape / scale) - (shape + 1) * log1p(x / scale),
#'   support = "positive",
#'   quantile = function(p, shape, scale) scale * ((1 - p)^(-1 / shape) - 1),
#'   cdf = function(x, shape, scale) 1 - (1 + x / scale)^(-shape),
#'   constraints = list(shape = "positive", scale = "positive")
#' )
#' dist_log_density(dist_lomax(2, 1), c(0.5, 3, -1))
#' m <- model(function(y) {
#'   shape ~ lognormal(0, 1)
#'   y ~ lomax(shape, 1)
#' })
#' log_density(m, list(y = c(0.5, 3)), list(shape = 2))
#'
#' # A Student t as a ratio, by its random numbers.
#' dist_ratio_t <- new_family("ratio_t",
#'   log_density = function(x, df) dt(x, df, log = TRUE),
#'   random = function(draw, df) draw(dist_normal(0, 1)) / sqrt(draw(dist_chi_squared(df)) / df)
#' )
#' dist_draw(dist_ratio_t(4), 3, seed = 1)
#' @export
new_family <- function(name, log_density, support = "real", cdf = NULL, quantile = NULL, random = NULL,
  discrete = FALSE,
                       constraints = list()) {
  if (!is.character(name) || length(name) != 1L || is.na(name) || !nzchar(name)) {
    stop_reparam(sprintf("`name` of a family must be one text, not %s.", describe(name)))
  }
  check_name(name)
  check_flag(discrete, "discrete")
  code <- drop_null(list(log_density = log_density, cdf = cdf, quantile = quantile, random = random))
  for (part in names(code)) check_family_function(code[[part]], part)
  arguments <- formals(log_density)[-1]
  for (part in names(code)) {
    if (!identical(names(formals(code[[part]]))[-1], names(arguments))) {
      stop_reparam(sprintf("`%s` of family `%s` must take a value and then the arguments of `log_density`.", part,
        name),
        sprintf("Write `function(%s)`.", paste(c("x", names(arguments)), collapse = ", ")))
    }
  }
  check_family_support(support, name, discrete)
  unknown <- setdiff(names(constraints), names(arguments))
  odd <- setdiff(unlist(constraints), names(argument_constraints))
  if (length(unknown)) stop_reparam(sprintf("`constraints` names %s, which is no argument of the family.",
    quote_names(unknown)))
  if (length(odd)) {
    stop_reparam(sprintf("There is no constraint %s.", quote_names(odd)),
      sprintf("Constraints are %s.", quote_names(names(argument_constraints), 20L)))
  }
  code <- lapply(code, traceable)
  family <- function() NULL
  formals(family) <- arguments
  body(family) <- quote(make_family_dist(mget(argument_names, envir = environment())))
  environment(family) <- list2env(
    list(
      argument_names = as.character(names(arguments)),
      make_family_dist = function(args) family_dist(name, code, support, discrete, constraints, args)
    ),
    parent = baseenv()
  )
  family
}

check_family_function <- function(fn, part) {
  if (is.function(fn) && !is.primitive(fn) && length(formals(fn)) && !"..." %in% names(formals(fn))) return(invisible())
  stop_reparam(sprintf("`%s` must be a function of a value and of the family's arguments, without `...`.", part))
}

check_family_support <- function(support, name, discrete) {
  if (is.function(support)) return(invisible())
  named <- is.character(support) && length(support) == 1L && support %in% names(named_supports)
  if (named && !discrete) return(invisible())
  bounds <- is.numeric(support) && length(support) == 2L && !anyNA(support) && support[1] < support[2]
  if (bounds) return(invisible())
  near <- if (is.character(support) && length(support) == 1L && !discrete) {
    c(grep(paste0("^", support), names(named_supports), value = TRUE),
      names(named_supports)[utils::adist(support, names(named_supports)) <= 2])[1]
  }
  stop_reparam(
    sprintf("`support` of family `%s` must be %stwo numbers, or a function of its arguments that gives two numbers%s.",
      name,
      if (discrete) "" else "\"real\", \"positive\", \"unit\", ",
      if (is.character(support)) paste(", not", describe(support)) else ""),
    if (length(near) && !is.na(near)) sprintf("Did you mean \"%s\"?", near) else "Write `support = c(0, Inf)`."
  )
}

named_supports <- list(real = c(-Inf, Inf), positive = c(0, Inf), unit = c(0, 1))

family_dist <- function(name, code, support, discrete, constraints, args) {
  for (argument in names(args)) {
    constraint <- constraints[[argument]]
    check_dist_argument(args[[argument]], argument, if (is.null(constraint)) "real" else constraint)
  }
  bounds <- if (is.function(support)) do.call(support, unname(args)) else support
  if (is.character(support)) bounds <- named_supports[[support]]
  half <- length(bounds) / 2
  ends <- list(bounds[seq_len(half)], bounds[half + seq_len(half)])
  dist <- combine("custom", dist_improper_uniform(ends[[1]], ends[[2]]), args = args)
  dist$name <- name
  dist$discrete <- discrete
  dist$code <- code
  dist$constraints <- constraints
  dist
}

# ---- while a model is traced ----

# The functions of a family as rows of the trace, over placeholders for a value and the arguments; what `random` draws,
# as distributions over the same.
trace_families <- function(dist) {
  if (!is.null(dist$base)) dist$base <- trace_families(dist$base)
  if (!is.null(dist$components)) dist$components <- lapply(dist$components, trace_families)
  if (is.null(dist$code)) return(dist)
  n <- length(dist$args)
  arguments <- lapply(seq_len(n), trace_placeholder)
  draws <- list()
  draw_nested <- function(d) {
    if (!is_dist(d)) stop_reparam(sprintf("`draw()` in `random` of family `%s` takes a distribution, not %s.",
      dist$name, describe(d)))
    categories <- !is.null(event_shape(d)) && prod(event_shape(d)) == 1
    rows <- map_dist(unclass_dist(d), function(x, argument) {
      if (length(x) != 1L && !categories) {
        stop_reparam(sprintf("`draw()` in `random` of family `%s` takes distributions of single numbers.", dist$name))
      }
      trace_row(as_plain(x))
    })
    draws[[length(draws) + 1L]] <<- trace_families(rows)
    trace_placeholder(n + length(draws))
  }
  dist$rows <- lapply(names(dist$code), function(part) {
    first <- if (part == "random") draw_nested else trace_placeholder(0L)
    value <- do.call(callable(dist$code[[part]], environment()), c(list(first), arguments), quote = TRUE)
    if (!(has_codes(value) || is.numeric(value)) || length(value) != 1L) {
      stop_reparam(sprintf("`%s` of family `%s` must give one number, but gives %s.", part, dist$name,
        if (has_codes(value) || is.numeric(value)) sprintf("%d", length(value)) else describe(value)))
    }
    if (part == "log_density") value <- where_arguments_hold(dist, arguments, value)
    trace_row(as_plain(value))
  })
  dist$constraints <- NULL
  names(dist$rows) <- names(dist$code)
  dist$draws <- draws
  dist$code <- NULL
  dist
}

# An argument that depends on sites may leave its range while they are sampled: there is no density there.
where_arguments_hold <- function(dist, arguments, value) {
  ok <- TRUE
  for (k in seq_along(arguments)) {
    x <- arguments[[k]]
    constraint <- dist$constraints[[names(dist$args)[k]]]
    if (is.null(constraint)) next
    ok <- switch(constraint, positive = ok & (x > 0), nonnegative = ok & (x >= 0), unit = ok & (x >= 0) & (x <= 1), ok)
  }
  if (isTRUE(ok)) value else elementwise("select", ok, value, -Inf)
}

trace_placeholder <- function(number) .Call(ffi_trace_placeholder, as.integer(number))
