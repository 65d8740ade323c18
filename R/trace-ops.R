# Operators, Math, Summary and coercions of traced values: S3 methods, which R also finds inside package code.

#' @export
Ops.rp <- function(e1, e2) {
  if (nargs() == 2L) .Call(ffi_trace_binary, .Generic, e1, e2) else .Call(ffi_trace_unary, .Generic, e1)
}

#' @export
Math.rp <- function(x, ...) {
  switch(.Generic,
    cumsum = , cumprod = , cummax = , cummin = .Call(ffi_trace_cumulate, .Generic, x),
    log = traced_log(x, ...),
    log2 = .Call(ffi_trace_math, "log", x) / log(2),
    log10 = .Call(ffi_trace_math, "log", x) / log(10),
    round = traced_round(x, ...),
    signif = traced_signif(x, ...),
    .Call(ffi_trace_math, .Generic, x)
  )
}

traced_log <- function(x, base) {
  if (missing(base)) return(.Call(ffi_trace_math, "log", x))
  log(x) / log(base)
}

traced_round <- function(x, digits = 0) {
  check_sizes("round", digits)
  if (identical(as.double(digits), 0)) return(.Call(ffi_trace_math, "round", x))
  .Call(ffi_trace_math, "round", x * 10^digits) / 10^digits
}

traced_signif <- function(x, digits = 6L) {
  check_sizes("signif", digits)
  magnitude <- floor(log10(abs(x))) + 1
  zero <- x == 0
  unit <- 10^(pmax(digits, 1) - traced_ifelse(zero, 1, magnitude))
  .Call(ffi_trace_math, "round", x * unit) / unit
}

#' @export
Summary.rp <- function(..., na.rm = FALSE) traced_summary(.Generic, list(...), na.rm)

traced_summary <- function(generic, args, na.rm = FALSE) {
  args <- lapply(args, function(x) {
    if (is.list(x) && !is.object(x)) x <- unlist(x)
    if (na.rm) x[!is.na(x)] else x
  })
  if (generic == "range") return(c.rp(traced_summary("min", args), traced_summary("max", args)))
  if (!any(vapply(args, has_codes, NA))) return(do.call(generic, args))
  .Call(ffi_trace_summary, generic, args)
}

# In the overlay for sum(), max(), ...: R dispatches on the first argument only.
summary_of <- function(generic) {
  fn <- get(generic, envir = baseenv())
  force(generic)
  function(..., na.rm = FALSE) {
    if (.Call(ffi_trace_any, environment())) traced_summary(generic, list(...), na.rm) else fn(..., na.rm = na.rm)
  }
}

# ---- what is.*() and as.*() say ----

#' @export
is.numeric.rp <- function(x) TRUE

#' @export
is.na.rp <- function(x) {
  missing <- is.na(Re(bare(x)))
  attributes(missing) <- shape_attributes(x)
  missing
}

#' @export
anyNA.rp <- function(x, recursive = FALSE) any(is.na.rp(x))

shape_attributes <- function(x) attributes(x)[intersect(names(attributes(x)), c("names", "dim", "dimnames"))]

#' @export
is.nan.rp <- function(x) elementwise("is_nan", x)

#' @export
is.finite.rp <- function(x) traced_ifelse(is.nan.rp(x), FALSE, abs(x) < Inf)

#' @export
is.infinite.rp <- function(x) traced_ifelse(is.nan.rp(x), FALSE, abs(x) == Inf)

#' @export
as.double.rp <- function(x, ...) bless(as.vector(bare(x)))

#' @export
as.numeric.rp <- as.double.rp

#' @export
as.integer.rp <- function(x, ...) trunc(as.double.rp(x))

#' @export
as.logical.rp <- function(x, ...) as.double.rp(x) != 0

#' @export
as.vector.rp <- function(x, mode = "any") {
  switch(mode,
    any = , numeric = , double = as.double.rp(x),
    integer = as.integer.rp(x),
    logical = as.logical.rp(x),
    list = as.list.rp(x),
    fail_function("as.vector", x, text_hint)
  )
}

#' @export
as.list.rp <- function(x, ...) {
  elements <- lapply(seq_along(x), function(i) .Call(ffi_trace_element, unname_codes(x), i))
  names(elements) <- names(x)
  elements
}

unname_codes <- function(x) {
  if (!is.null(names(x))) names(x) <- NULL
  x
}

#' @export
as.character.rp <- function(x, ...) fail_function("as.character", x, text_hint)

#' @export
as.complex.rp <- function(x, ...) {
  fail_function("as.complex", x, "Only real numbers can be traced: keep real and imaginary parts apart.")
}

#' @export
as.data.frame.rp <- function(x, ...) fail_function("data.frame", x, untraceable$data.frame)

#' @export
format.rp <- function(x, ...) fail_function("format", x, text_hint)

#' @export
xtfrm.rp <- function(x) fail_function("order", x, order_hint)

#' @export
unique.rp <- function(x, ...) fail_function("unique", x, set_hint)

#' @export
duplicated.rp <- function(x, ...) fail_function("duplicated", x, set_hint)

#' @export
anyDuplicated.rp <- function(x, ...) fail_function("anyDuplicated", x, set_hint)

#' @method all.equal rp
#' @export
all.equal.rp <- function(target, current, ...) fail_function("all.equal", target, set_hint)

#' @export
cut.rp <- function(x, ...) fail_function("cut", x, set_hint)

# ---- truth values: overlay ----

# What if and while see (trace-overlay.R puts these around conditions). Plain values pass at the cost of a call.
truth_for_if <- function(test) {
  if (is.complex(test)) plain_truth("`if`", test, substitute(test)) else test
}

truth_for_while <- function(test) {
  if (is.complex(test)) plain_truth("`while`", test, substitute(test)) else test
}

value_for_switch <- function(value) {
  if (is.complex(value)) plain_truth("`switch()`", value, substitute(value)) else value
}

plain_truth <- function(what, value, expression) {
  value <- bless(value)
  if (!is_traced(value)) return(value)
  if (what == "`switch()`") {
    trace_fail(
      sprintf("`switch()` needs one number or text, but `%s` %s.", call_text(expression), depends_text(value)),
      "Index a vector of the alternatives: `c(a, b)[z]`."
    )
  }
  fail_branch(what, value, expression)
}

traced_isTRUE <- function(x) {
  if (has_codes(x)) fail_branch("`isTRUE()`", x, substitute(x))
  isTRUE(x)
}

traced_isFALSE <- function(x) {
  if (has_codes(x)) fail_branch("`isFALSE()`", x, substitute(x))
  isFALSE(x)
}

traced_and <- function(e1, e2) {
  if (is.complex(e1) || (!identical(as.logical(e1), FALSE) && is.complex(e2))) scalar_logic("&", e1, e2) else e1 && e2
}

traced_or <- function(e1, e2) {
  if (is.complex(e1) || (!identical(as.logical(e1), TRUE) && is.complex(e2))) scalar_logic("|", e1, e2) else e1 || e2
}

scalar_logic <- function(operator, e1, e2) {
  if (length(e1) != 1L || length(e2) != 1L) {
    trace_fail(
      sprintf("`%s%s` needs one TRUE or FALSE on each side.", operator, operator),
      sprintf("Use `%s` for vectors.", operator)
    )
  }
  .Call(ffi_trace_binary, operator, e1, e2)
}

traced_xor <- function(x, y) {
  if (has_codes(x) || has_codes(y)) (x | y) & !(x & y) else xor(x, y)
}

traced_stopifnot <- function(...) {
  checks <- as.list(substitute(list(...)))[-1L]
  for (k in seq_along(checks)) {
    value <- ...elt(k)
    if (has_codes(value)) {
      trace_fail(
        sprintf("`stopifnot()` needs TRUE or FALSE, but `%s` %s.", call_text(checks[[k]]), depends_text(value)),
        "Check data only; the support of a site's distribution says which values it may have."
      )
    }
  }
  stopifnot(...)
}

# ---- selection and extremes: overlay ----

traced_ifelse <- function(test, yes, no) {
  if (!has_codes(test)) {
    if (!has_codes_somewhere(yes, no, test)) return(ifelse(test, yes, no))
    return(choose_plain(test, yes, no))
  }
  n <- length(test)
  if (!length(yes) || !length(no)) trace_fail("`ifelse()` needs values for both cases when the test is traced.")
  shape_as(elementwise("select", test, cut_to(yes, n), cut_to(no, n)), shape_attributes(test))
}

# A traced or plain vector with these attributes for its own.
shape_as <- function(x, shape) {
  x <- bare(x)
  attributes(x) <- shape
  bless(x)
}

# Whether one of the values that ifelse() would look at is traced; like ifelse(), it leaves the others unevaluated.
has_codes_somewhere <- function(yes, no, test) {
  chosen <- as.logical(test)
  (any(chosen, na.rm = TRUE) && has_codes(yes)) || (!all(chosen, na.rm = TRUE) && has_codes(no))
}

choose_plain <- function(test, yes, no) {
  chosen <- as.logical(test)
  result <- bare(as.double(chosen))
  at <- which(chosen)
  if (length(at)) result[at] <- cut_to(bare(yes), length(test))[at]
  at <- which(!chosen)
  if (length(at)) result[at] <- cut_to(bare(no), length(test))[at]
  shape_as(result, shape_attributes(test))
}

# Without attributes, recycled or cut to n elements; single numbers stay single when they are traced.
cut_to <- function(x, n) {
  if (length(x) == 1L && is_traced(x)) return(unname_codes(as.double.rp(x)))
  x <- rep_len(if (is_traced(x)) bare(x) else as.vector(x), n)
  if (is.complex(x)) bless(x) else x
}

extreme_by <- function(op, fn) {
  force(fn)
  function(..., na.rm = FALSE) {
    if (!.Call(ffi_trace_any, environment())) return(fn(..., na.rm = na.rm))
    args <- list(...)
    result <- args[[1L]]
    for (x in args[-1L]) result <- elementwise(op, result, x)
    result
  }
}
