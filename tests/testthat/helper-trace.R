# Running R functions on traced values without a model, and comparing them with plain R.

trace_inputs <- list(
  x = c(0.5, 1.2, 2.3, 0.7, 1.9, 0.2),
  M = crossprod(matrix(c(2, .3, .1, .2, 1.5, .4, .3, .2, 1.8), 3)),
  s = 1.7
)

# What the expressions of trace-expressions-*.R see besides x, M and s.
trace_scope <- function() {
  list2env(parent = globalenv(), list(
    x0 = trace_inputs$x, y0 = trace_inputs$x, s0 = trace_inputs$s,
    Recall2 = function(v) v * 2,
    Recall3 = function(n, v) if (n <= 0) v else Recall(n - 1, v * 2),
    dmn = function(v) -0.5 * sum(v^2),
    stack0 = function(v) {
      out <- c()
      for (i in 1:3) out <- c(out, v * i)
      out
    },
    missing0 = function(a, b) if (missing(b)) a else b
  ))
}

as_program <- function(expression, scope) {
  fn <- eval(call("function", as.pairlist(alist(x = , M = , s = )), expression))
  environment(fn) <- scope
  fn
}

# Traces fn with the named inputs as sites 1, 2, ... and gives what() of its result and the sites' values.
with_traced <- function(fn, what, inputs = trace_inputs, traced = names(inputs)) {
  overlaid <- trace_overlay(fn)
  trace_begin()
  on.exit(trace_end())
  args <- inputs
  for (k in seq_along(traced)) args[[traced[k]]] <- trace_site(k, shape_of(inputs[[traced[k]]]))
  result <- do.call(overlaid, args, quote = TRUE)
  what(result, structure(inputs[traced], names = seq_along(traced)))
}

# Numbers of a traced result, also inside lists and attributes.
numbers_of <- function(x, sites) {
  if (is.list(x)) {
    x[] <- lapply(x, numbers_of, sites)
    return(x)
  }
  x <- trace_value(x, sites)
  for (name in names(attributes(x))) {
    if (has_codes(attr(x, name))) attr(x, name) <- trace_value(attr(x, name), sites)
  }
  x
}

traced_result <- function(fn, inputs = trace_inputs, traced = names(inputs)) with_traced(fn, numbers_of, inputs, traced)

# TRUE and FALSE are 1 and 0 in a graph, and the class of I() is dropped.
as_numbers <- function(x) {
  if (is.logical(x)) storage.mode(x) <- "double"
  if (inherits(x, "AsIs")) unclass(x) else x
}

error_or_value <- function(expr) tryCatch(suppressWarnings(expr), error = identity)

# "" or how the traced result differs from the plain one; an error on both sides is no difference.
difference <- function(fn, traced = names(trace_inputs), tolerance = 1e-10) {
  plain <- as_numbers(error_or_value(do.call(fn, trace_inputs)))
  got <- as_numbers(error_or_value(traced_result(fn, traced = traced)))
  if (inherits(plain, "error") && inherits(got, "error")) return("")
  if (inherits(got, "error")) return(paste("error:", conditionMessage(got)))
  same <- all.equal(got, plain, tolerance = tolerance)
  if (isTRUE(same)) "" else paste(same, collapse = "; ")
}

expect_same <- function(fn, label, ...) {
  problem <- difference(fn, ...)
  testthat::expect(problem == "", sprintf("%s: %s", label, problem))
}

expect_same_in <- function(groups) {
  scope <- trace_scope()
  for (expression in unlist(groups, use.names = FALSE)) {
    expect_same(as_program(expression, scope), paste(deparse(expression), collapse = " "))
  }
}

# Gradient of the sum of fn's result against central differences of fn on numbers. Step 1e-5: truncation 1e-10 and
# rounding 1e-11 relative, so that 1e-6 leaves room for third derivatives up to 1e4.
expect_gradient <- function(fn, label, inputs = trace_inputs, tolerance = 1e-6) {
  traced <- with_traced(fn, inputs = inputs, what = function(result, sites) {
    if (is_traced(result)) unlist(trace_gradient(result, sites), use.names = FALSE)
  })
  if (is.null(traced)) return(invisible())
  at <- unlist(inputs, use.names = FALSE)
  total <- function(values) {
    args <- Map(function(value, like) array_like(value, like), split_like(values, inputs), inputs)
    suppressWarnings(sum(do.call(fn, args)))
  }
  differences <- vapply(seq_along(at), function(i) {
    h <- 1e-5 * max(1, abs(at[i]))
    up <- down <- at
    up[i] <- up[i] + h
    down[i] <- down[i] - h
    (total(up) - total(down)) / (2 * h)
  }, 0)
  worst <- max(abs(traced - differences) / (1 + abs(differences)))
  testthat::expect(!is.na(worst) && worst < tolerance, sprintf("%s: gradient off by %g", label, worst))
}

array_like <- function(values, like) {
  dim(values) <- dim(like)
  values
}

expect_gradients_in <- function(groups, except = character()) {
  scope <- trace_scope()
  for (expression in unlist(groups, use.names = FALSE)) {
    label <- paste(deparse(expression), collapse = " ")
    fn <- as_program(expression, scope)
    plain <- error_or_value(do.call(fn, trace_inputs))
    if (label %in% except || !is.numeric(plain) || anyNA(plain)) next
    expect_gradient(fn, label)
  }
}
