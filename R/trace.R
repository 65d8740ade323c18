# The current trace: a graph held by C code while a model function runs on coded vectors.
#
# A traced array is a complex vector of class "rp" with the S4 bit whose elements are codes of elements of nodes
# (src/ffi/ffi_trace.h), so base R subsets and rearranges it by itself. Operations on it add nodes (trace-ops.R,
# trace-index.R, trace-matrix.R, trace-stats.R); what R cannot dispatch on is replaced in the model's function and the
# user's helpers while they are traced (trace-overlay.R).

trace_state <- new.env(parent = emptyenv())

# Gives its class and S4 bit to all traced values; read by ffi_trace_begin().
trace_prototype <- asS4(structure(complex(0), class = "rp"))

trace_begin <- function() {
  if (trace_active()) {
    stop_reparam(
      "A model cannot be traced while another one is.",
      "Call the inner model's function itself, or make its spec beforehand."
    )
  }
  trace_state$guard <- .Call(ffi_trace_begin, topenv())
  invisible()
}

trace_end <- function() {
  if (!is.null(trace_state$guard)) .Call(ffi_trace_end, trace_state$guard)
  trace_state$guard <- NULL
  trace_state$memo <- NULL
  invisible()
}

trace_active <- function() .Call(ffi_trace_active)

# The value of a site: number is the position of its statement, dim its shape.
trace_site <- function(number, dim) {
  x <- .Call(ffi_trace_site, as.integer(number), prod(dim))
  if (length(dim) > 1L && is_traced(x)) dim(x) <- dim
  x
}

is_traced <- function(x) is.complex(x) && inherits(x, "rp")

# Also true of codes that lost their class in base R code.
has_codes <- function(x) is.complex(x) && .Call(ffi_trace_has_codes, x)

# One-based row of the node that holds x, of as many elements as x.
trace_row <- function(x) .Call(ffi_trace_row, x)

# Numbers of the sites that x depends on.
trace_depends <- function(x) {
  if (has_codes(x)) sort(.Call(ffi_trace_depends, x)) else integer()
}

trace_size <- function() .Call(ffi_trace_size)

# The nodes as columns (src/graph/pack.h), with loops rolled up, and the rows of what `rows` refers to. Barriers are the
# sizes of the trace at which statements were made; nothing is rolled up across them.
trace_pack <- function(rows, barriers) {
  .Call(ffi_trace_pack, as.integer(rows), as.integer(barriers))
}

# Numbers of a traced value when sites (a list named by site number) have these values.
trace_value <- function(x, sites) {
  x <- bless(x)
  if (!is_traced(x)) return(x)
  value <- .Call(ffi_trace_value, x, as.integer(names(sites)), lapply(unname(sites), as.double))
  shape <- attributes(x)
  attributes(value) <- shape[names(shape) != "class"]
  value
}

# Derivatives of sum(x) with respect to every element of these sites, a list like `sites`.
trace_gradient <- function(x, sites) {
  gradient <- .Call(ffi_trace_gradient, x, as.integer(names(sites)), lapply(unname(sites), as.double))
  split_like(gradient, sites)
}

split_like <- function(x, like) {
  ends <- cumsum(lengths(like))
  Map(function(value, end) x[seq_along(value) + end - length(value)], like, ends)
}

# Base R's result on codes gets its class back, or becomes plain when no code is left in it.
bless <- function(x) .Call(ffi_trace_bless, x)

# Codes without class (numbers as codes, too), for base R functions that would dispatch.
bare <- function(x) .Call(ffi_trace_bare, x)

elementwise <- function(op, ...) .Call(ffi_trace_elementwise, op, list(...))

#' @export
print.rp <- function(x, ...) {
  cat(format_traced(x), "\n", sep = "")
  invisible(x)
}

format_traced <- function(x) {
  shape <- if (is.null(dim(x))) length(x) else paste(dim(x), collapse = " x ")
  if (!trace_active()) return(sprintf("<traced [%s]>, from a model that is not running", shape))
  sprintf("<traced [%s]>, depends on %s", shape, sites_text(trace_depends(x)))
}

#' Let a function from a package work on traced values
#'
#' While a model runs, its function and your own helpers compute on traced values, for which some functions of R are
#' replaced (`c()`, `ifelse()`, `[<-`, ...). Functions that come from packages are not treated so: they may fail on
#' traced values with an error. `traceable()` marks one to be treated like your own helpers.
#'
#' @param fn A function written in R.
#' @return The function, marked; outside models it works as before.
#' @section Errors: `fn` is not a function, or is a primitive.
#' @examples
#' rescale <- traceable(stats::reorder)
#' inherits(rescale, "function")
#' @export
traceable <- function(fn) {
  if (!is.function(fn)) stop_reparam("`fn` must be a function.", "Write `traceable(package::name)`.")
  if (is.primitive(fn)) {
    stop_reparam("`fn` is a primitive, which cannot be traced by replacing what it calls.", "Write the step in R.")
  }
  attr(fn, "reparam_traceable") <- TRUE
  fn
}
