#' Distributions
#'
#' A distribution is what stands on the right of `~` and what [draw()] takes: the name of a family and its arguments,
#' which are numbers or values that depend on other sites. It holds no draws and does no arithmetic; the engine
#' evaluates its density when a model is fitted.
#'
#' Arguments recycle as in R's own `d`-functions. An argument that is a number is checked at once; one that depends on
#' sites is checked by the engine when the fit starts.
#'
#' # Families
#'
#' * The real line: [dist_normal()], [dist_student_t()], [dist_cauchy()], [dist_laplace()],
#'   [dist_asymmetric_laplace()], [dist_soft_laplace()], [dist_logistic()], [dist_gumbel()], [dist_stable()],
#'   [dist_truncated_normal()].
#' * Positive numbers: [dist_lognormal()], [dist_half_normal()], [dist_half_cauchy()], [dist_half_student_t()],
#'   [dist_exponential()], [dist_gamma()], [dist_inv_gamma()], [dist_chi_squared()], [dist_weibull()], [dist_pareto()],
#'   [dist_inverse_gaussian()], [dist_levy()].
#' * An interval: [dist_uniform()], [dist_improper_uniform()], [dist_beta()], [dist_beta_proportion()],
#'   [dist_kumaraswamy()], [dist_von_mises()].
#' * One point: [dist_delta()].
#' * Counts and categories: [dist_bernoulli()], [dist_binomial()], [dist_beta_binomial()], [dist_poisson()],
#'   [dist_zero_inflated_poisson()], [dist_neg_binomial()], [dist_geometric()], [dist_hypergeometric()],
#'   [dist_categorical()], [dist_ordered_logistic()], [dist_multinomial()].
#' * Vectors: [dist_mvn()], [dist_mvn_lowrank()], [dist_mv_student_t()], [dist_projected_normal()], [dist_dirichlet()],
#'   [dist_relaxed_onehot_categorical()], [dist_gaussian_random_walk()].
#' * Matrices: [dist_lkj()], [dist_lkj_cholesky()], [dist_wishart()].
#' * Series of vectors: [dist_gaussian_hmm()], [dist_gaussian_state_space()], [dist_linear_hmm()],
#'   [dist_independent_hmm()].
#' * Built from others: [dist_transformed()], [dist_masked()], [dist_independent()], [dist_expand()],
#'   [dist_truncated()], [dist_censored()], [dist_interval_censored()], [dist_mixture()], [dist_zero_inflated()],
#'   [dist_ordered()].
#' * Your own: [new_family()].
#'
#' @param x A distribution.
#' @param ... Ignored.
#' @return `format()` gives one string, `print()` its argument, invisibly.
#' @examples
#' dist_normal(0, 2)
#' dist_transformed(dist_normal(0, 2), transform_exp())
#' @name distributions
NULL

# The one way to make a distribution of a family. `constraints` names what each argument must satisfy ("real" when it is
# not listed): names of `argument_constraints`.
new_dist <- function(family, args, constraints = list()) {
  tryCatch(force(args), error = function(e) stop_missing(e, family))
  for (name in names(args)) {
    constraint <- constraints[[name]]
    check_dist_argument(args[[name]], name, if (is.null(constraint)) "real" else constraint)
  }
  structure(list(family = family, args = args), class = "reparam_dist")
}

# `dist_gamma(rate = 2)`: R's own message does not say whose argument is missing.
stop_missing <- function(e, family) {
  argument <- regmatches(conditionMessage(e), regexec("argument \"(.*)\" is missing", conditionMessage(e)))[[1]][2]
  if (inherits(e, "reparam_error") || is.na(argument)) stop(e)
  stop_reparam(sprintf("`%s` of %s() is missing.", argument, family), sprintf("See `?dist_%s`.", family))
}

is_dist <- function(x) inherits(x, "reparam_dist")

# What an argument must satisfy element by element, and how a message says it.
argument_constraints <- list(
  any = list(holds = function(x) !is.na(x), text = "a number"),
  real = list(holds = is.finite, text = "finite"),
  positive = list(holds = function(x) is.finite(x) & x > 0, text = "positive"),
  nonnegative = list(holds = function(x) is.finite(x) & x >= 0, text = "0 or more"),
  unit = list(holds = function(x) !is.na(x) & x >= 0 & x <= 1, text = "between 0 and 1"),
  skew = list(holds = function(x) !is.na(x) & x >= -1 & x <= 1, text = "between -1 and 1"),
  stability = list(holds = function(x) !is.na(x) & x > 0 & x <= 2, text = "above 0 and at most 2"),
  count = list(holds = function(x) is.finite(x) & x >= 0 & x == floor(x), text = "a whole number, 0 or more"),
  positive_count = list(holds = function(x) is.finite(x) & x >= 1 & x == floor(x), text = "a whole number, 1 or more")
)

# Errors for a constant that cannot be this argument; values that depend on sites pass, the engine looks at them.
check_dist_argument <- function(value, name, constraint) {
  if (is_traced(value)) return(invisible())
  if (!is.numeric(value) && !is.logical(value)) {
    stop_reparam(sprintf("`%s` must be numeric, not %s.", name, describe(value)))
  }
  if (length(value) == 0L) stop_reparam(sprintf("`%s` must not be empty.", name))
  rule <- argument_constraints[[constraint]]
  bad <- which(!rule$holds(value))
  if (length(bad)) {
    element <- if (length(value) == 1L) "is" else sprintf("element %d is", bad[1])
    stop_reparam(sprintf("`%s` must be %s, but %s %s.", name, rule$text, element, format(value[bad[1]])),
                 if (is_na_not_nan(value[bad[1]])) beyond_end_hint)
  }
  invisible()
}

# Which of two alternative arguments was given; an error unless exactly one was.
one_given <- function(first_missing, second_missing, first, second) {
  if (first_missing == second_missing) {
    stop_reparam(sprintf(
      "Give either `%s` or `%s`%s.", first, second, if (first_missing) "" else ", not both"
    ))
  }
  if (first_missing) second else first
}

#' @rdname distributions
#' @export
format.reparam_dist <- function(x, ...) {
  inner <- c(
    if (!is.null(x$base)) format(x$base),
    if (!is.null(x$components)) vapply(x$components, format, ""),
    if (!is.null(x$transforms)) vapply(x$transforms, format, ""),
    format_arguments(c(x$args[!names(x$args) %in% c("levels", "steps", "states", "outputs")],
                       x[intersect(names(x), c("mask", "dim", "n"))]))
  )
  if (identical(x$family, "custom")) return(sprintf("%s(%s)", x$name, paste(format_arguments(x$args), collapse = ", ")))
  sprintf("%s(%s)", x$family, paste(inner, collapse = ", "))
}

#' @rdname distributions
#' @export
print.reparam_dist <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}

format_arguments <- function(args) {
  if (!length(args)) return(character())
  paste(names(args), "=", vapply(args, format_argument, ""))
}

# Short values in full, long ones and those that depend on sites by their shape.
format_argument <- function(value) {
  shape <- paste(if (is.null(dim(value))) length(value) else dim(value), collapse = " x ")
  if (is_traced(value)) return(if (length(value) == 1L) "<traced>" else sprintf("<traced %s>", shape))
  if (length(value) == 1L) return(format(as.vector(value), digits = 4))
  if (length(value) <= 4L && is.null(dim(value))) {
    return(sprintf("c(%s)", paste(vapply(value, format, "", digits = 4), collapse = ", ")))
  }
  sprintf("<%s>", shape)
}
