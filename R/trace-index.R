# Reading, writing and rearranging elements of traced vectors. Base R does the work on the codes; only indices that are
# themselves traced need nodes.

#' @export
`[.rp` <- function(x, i, ...) {
  if (nargs() == 2L && !missing(i)) {
    if (is.complex(i)) return(traced_at(x, i))
    element <- .Call(ffi_trace_element, x, i)
    if (!is.null(element)) return(element)
  }
  bless(NextMethod())
}

#' @export
`[[.rp` <- function(x, i, ...) {
  if (nargs() == 2L) {
    if (is.complex(i)) return(traced_at(x, i))
    element <- .Call(ffi_trace_element, x, i)
    if (!is.null(element)) return(element)
  }
  bless(NextMethod())
}

#' @export
`[<-.rp` <- function(x, ..., value) assign_codes(`[<-`, x, ..., value = value)

#' @export
`[[<-.rp` <- function(x, ..., value) assign_codes(`[[<-`, x, ..., value = value)

assign_codes <- function(fn, x, ..., value) {
  if (is.list(value)) return(fn(as.list(x), ..., value = value))
  x <- bare(x)
  value <- bare(value)
  if (!is.complex(value) && !is.null(value)) {
    trace_fail(sprintf("Elements of a traced vector must be numbers, not %s.", describe(value)))
  }
  bless(fn(x, ..., value = value))
}

# ---- indices that are traced ----

# x[i], x[i, j], ...: x plain or traced, at least one index traced and integer-valued.
traced_at <- function(x, ..., drop = TRUE, exact = TRUE) {
  if (!(is.numeric(x) || is.logical(x) || has_codes(x))) {
    trace_fail(
      sprintf(
        "An index that %s can select from numbers only, not from %s.", depends_text(traced_among(...)), describe(x)
      ),
      "Put what is selected into a vector or matrix."
    )
  }
  n <- ...length()
  if (n == 1L) return(take_at(x, index_positions(..1, x)))
  if (n != length(dim(x))) trace_fail("incorrect number of dimensions")
  indices <- lapply(seq_len(n), function(k) along_dim(x, k, if (is_given(k, ...)) ...elt(k)))
  shape <- lengths(indices)
  strides <- cumprod(c(1, dim(x)))[seq_len(n)]
  positions <- 0
  for (k in seq_len(n)) positions <- positions + spread((indices[[k]] - 1) * strides[k], k, shape)
  result <- .Call(ffi_trace_gather_at, x, positions)
  if (drop) shape <- shape[shape > 1L]
  if (length(shape) > 1L || !drop) dim(result) <- shape
  result
}

is_given <- function(k, ...) !eval(call("missing", as.name(paste0("..", k))))

traced_among <- function(...) {
  for (k in seq_len(...length())) {
    if (is_given(k, ...) && has_codes(...elt(k))) return(...elt(k))
  }
  NULL
}

# Zero-based positions.
take_at <- function(x, positions) .Call(ffi_trace_gather_at, x, positions)

index_positions <- function(i, x) {
  i <- bless(i)
  check_not_truth(i)
  extents <- dim(x)
  if (length(dim(i)) == 2L && length(extents) == ncol(i) && length(extents) > 1L) {
    strides <- cumprod(c(1, extents))
    positions <- 0
    for (k in seq_along(extents)) positions <- positions + (i[, k] - 1) * strides[k]
    return(positions)
  }
  as.double.rp(i) - 1
}

check_not_truth <- function(i) {
  if (!.Call(ffi_trace_is_truth, i)) return(invisible())
  trace_fail(
    sprintf("Elements cannot be selected by TRUE and FALSE that %s.", sub("^depends", "depend", depends_text(i))),
    "Use `ifelse()`, or multiply by the comparison: `sum(x * (x > 0))`."
  )
}

# Positions along dimension k: all, resolved by R, or traced.
along_dim <- function(x, k, i) {
  if (is.null(i)) return(seq_len(dim(x)[k]))
  if (has_codes(i)) {
    i <- bless(i)
    check_not_truth(i)
    return(as.double.rp(i))
  }
  positions <- seq_len(dim(x)[k])
  names(positions) <- dimnames(x)[[k]]
  unname(positions[i])
}

# A value per position of dimension k, repeated over the others.
spread <- function(x, k, shape) {
  before <- prod(shape[seq_len(k - 1L)])
  after <- prod(shape[-seq_len(k)])
  x[rep(rep(seq_along(x), each = before), after)]
}

# x[i] <- value with a traced index: every element chooses between what it was and the value.
assign_at <- function(x, i, value) {
  check_not_truth(i)
  i <- as.double.rp(i)
  shape <- shape_attributes(x)
  places <- seq_along(x)
  x <- as.vector(x)
  for (k in seq_along(i)) x <- traced_ifelse(places == i[k], value[(k - 1L) %% length(value) + 1L], x)
  shape_as(x, shape)
}

# ---- overlay: `[`, `[[` and their assignments ----

# x is evaluated before its index, as in R.
overlay_at <- function(x, ...) {
  force(x)
  if (.Call(ffi_trace_any, environment())) traced_at(x, ...) else .Call(ffi_trace_bless, x[...])
}

overlay_at2 <- function(x, ...) {
  force(x)
  if (.Call(ffi_trace_any, environment())) traced_at(x, ...) else .Call(ffi_trace_bless, x[[...]])
}

overlay_assign <- function(x, ..., value) {
  if (nargs() == 3L && is.complex(value) && identical(substitute(x), quote(`*tmp*`)) && !missing(..1)) {
    written <- .Call(ffi_trace_set_value, value, ..1, parent.frame())
    if (!is.null(written)) return(written)
  }
  assign_any(`[<-`, x, ..., value = value)
}

overlay_assign2 <- function(x, ..., value) {
  if (is.list(x) && !.Call(ffi_trace_any, environment())) return(`[[<-`(x, ..., value = value))
  assign_any(`[[<-`, x, ..., value = value)
}

assign_any <- function(fn, x, ..., value) {
  if (.Call(ffi_trace_any, environment())) {
    if (...length() == 1L && (is.numeric(x) || is.logical(x) || has_codes(x))) return(assign_at(x, ..1, value))
    trace_fail(
      sprintf(
        "An assignment to elements whose index %s is possible with one index only.", depends_text(traced_among(...))
      ),
      "Use `ifelse(seq_along(x) == i, value, x)`."
    )
  }
  if (is.list(x) && has_codes(value)) value <- as.list.rp(bless(value))
  if (is.list(x) || !(has_codes(value) || has_codes(x))) return(fn(x, ..., value = value))
  if (!is.null(x) && !(is.numeric(x) || is.logical(x) || is.complex(x))) {
    trace_fail(
      sprintf("A traced value cannot become an element of %s.", describe(x)), "Store it in numbers or in a list."
    )
  }
  assign_codes(fn, x, ..., value = value)
}

# `x[i] <- value` and `x[[i]] <- value`, as rewritten for a variable x: in place where possible.
set_element <- function(name, value, i) {
  frame <- parent.frame()
  if (!.Call(ffi_trace_set, name, value, i, frame, 1L)) set_slowly(overlay_assign, name, list(i), value, frame)
  invisible(value)
}

set_element2 <- function(name, value, i) {
  frame <- parent.frame()
  if (!.Call(ffi_trace_set, name, value, i, frame, 2L)) set_slowly(overlay_assign2, name, list(i), value, frame)
  invisible(value)
}

set_elements <- function(name, value, ...) {
  frame <- parent.frame()
  indices <- list(...)
  if (!.Call(ffi_trace_set_array, name, value, indices, frame)) set_slowly(overlay_assign, name, indices, value, frame)
  invisible(value)
}

set_slowly <- function(fn, name, indices, value, frame) {
  x <- get(name, envir = frame)
  assign(name, do.call(fn, c(list(x), indices, list(value = value)), quote = TRUE), envir = frame)
}

# ---- rearranging ----

#' @export
c.rp <- function(..., recursive = FALSE, use.names = TRUE) {
  args <- c(lapply(list(...), bare_or_same), recursive = recursive, use.names = use.names)
  check_no_text(bless(do.call(base::c, args)))
}

bare_or_same <- function(x) if (is_traced(x)) bare(x) else x

check_no_text <- function(x) {
  if (is.character(x) && any(grepl("NaNi", x, fixed = TRUE))) {
    trace_fail("Traced values were combined with text.", text_hint)
  }
  x
}

overlay_c <- function(...) {
  if (.Call(ffi_trace_any, environment())) c.rp(...) else c(...)
}

overlay_unlist <- function(x, recursive = TRUE, use.names = TRUE) {
  check_no_text(bless(unlist(x, recursive, use.names)))
}

#' @export
rep.rp <- function(x, ...) bless(rep(bare(x), ...))

#' @export
rev.rp <- function(x) x[rev(seq_along(x))]

#' @export
t.rp <- function(x) bless(t(bare(x)))

#' @export
aperm.rp <- function(a, perm = NULL, ...) bless(aperm(bare(a), perm, ...))

#' @export
cbind.rp <- function(..., deparse.level = 1) bind_codes(base::cbind, list(...), substitute(list(...)), deparse.level)

#' @export
rbind.rp <- function(..., deparse.level = 1) bind_codes(base::rbind, list(...), substitute(list(...)), deparse.level)

# Vectors get the names that cbind() would have given them.
bind_codes <- function(fn, args, expressions, deparse.level) {
  if (any(vapply(args, is.data.frame, NA))) fail_function("data.frame", args[[which(vapply(args, has_codes, NA))[1]]],
    untraceable$data.frame)
  expressions <- as.list(expressions)[-1L]
  labels <- names(args)
  if (is.null(labels)) labels <- rep("", length(args))
  for (k in seq_along(args)) {
    if (!nzchar(labels[k]) && deparse.level > 0 && is.symbol(expressions[[k]]) && is.null(dim(args[[k]]))) {
      labels[k] <- as.character(expressions[[k]])
    }
  }
  if (any(nzchar(labels))) names(args) <- labels
  check_no_text(bless(do.call(fn, c(lapply(args, bare_or_same), list(deparse.level = 0)), quote = TRUE)))
}

#' @export
diff.rp <- function(x, lag = 1L, differences = 1L, ...) {
  rows <- is.matrix(x)
  for (d in seq_len(differences)) {
    n <- if (rows) nrow(x) else length(x)
    if (lag >= n) return(if (rows) x[0L, , drop = FALSE] else x[0L])
    late <- seq.int(lag + 1L, n)
    early <- seq_len(n - lag)
    x <- if (rows) x[late, , drop = FALSE] - x[early, , drop = FALSE] else x[late] - unname_codes(x[early])
  }
  x
}

#' @export
seq.rp <- function(...) traced_seq(...)

traced_seq <- function(from = 1, to = 1, by, length.out = NULL, along.with = NULL, ...) {
  given <- c(!missing(from), !missing(to), !missing(by))
  if (!is.null(along.with)) length.out <- length(along.with)
  if (is.null(length.out) || has_codes(length.out) || sum(given) > 2L) {
    trace_fail("`seq()` needs to know its length.", "Give `length.out = `, a number that depends on data only.")
  }
  steps <- seq_len(length.out) - 1
  if (!given[3L]) {
    if (given[2L] && !given[1L]) return(to - rev(steps))
    if (!given[2L]) return(from + steps)
    if (length.out < 2) return(rep_len(from, length.out))
    return(from + (to - from) * (steps / (length.out - 1)))
  }
  if (given[2L]) to - rev(steps) * by else from + steps * by
}

overlay_seq <- function(...) {
  if (.Call(ffi_trace_any, environment())) traced_seq(...) else seq(...)
}

overlay_rep <- function(x, ...) {
  check_sizes("rep", ...)
  bless(rep(x, ...))
}

overlay_rep_len <- function(x, length.out) {
  check_sizes("rep_len", length.out)
  bless(rep_len(x, length.out))
}

overlay_rep_int <- function(x, times) {
  check_sizes("rep.int", times)
  bless(rep.int(x, times))
}

overlay_matrix <- function(data = NA, ...) {
  check_sizes("matrix", ...)
  bless(matrix(if (has_codes(data)) as.vector(bare(data)) else data, ...))
}

overlay_array <- function(data = NA, dim = length(data), dimnames = NULL) {
  check_sizes("array", dim)
  bless(array(bare_or_same(data), dim, dimnames))
}

check_sizes <- function(name, ...) {
  if (.Call(ffi_trace_any, environment())) fail_function(name, traced_among(...), size_hint)
}

overlay_vapply <- function(X, FUN, FUN.VALUE, ..., USE.NAMES = TRUE) {
  FUN <- callable(FUN, parent.frame())
  values <- lapply(elements_of(X), FUN, ...)
  if (!any(vapply(values, has_codes, NA))) return(vapply_again(X, values, FUN.VALUE, USE.NAMES))
  if (any(lengths(values) != length(FUN.VALUE)) || !is.numeric(FUN.VALUE) && !is.logical(FUN.VALUE)) {
    trace_fail(sprintf("values must be length %d and numeric", length(FUN.VALUE)))
  }
  result <- overlay_unlist(unname(values), use.names = FALSE)
  labels <- if (USE.NAMES) element_names(X, values)
  if (length(FUN.VALUE) == 1L && is.null(dim(FUN.VALUE))) {
    names(result) <- labels
    return(result)
  }
  shape <- if (is.null(dim(FUN.VALUE))) length(FUN.VALUE) else dim(FUN.VALUE)
  dim(result) <- c(shape, length(values))
  inner <- if (is.null(dim(FUN.VALUE)) && length(values)) list(names(values[[1L]])) else vector("list", length(shape))
  if (!is.null(labels) || !is.null(inner[[1L]])) dimnames(result) <- c(inner, list(labels))
  result
}

elements_of <- function(X) if (has_codes(X)) as.list.rp(bless(X)) else X

element_names <- function(X, values) {
  if (is.character(X) && is.null(names(X))) X else names(values)
}

# The values are there already: base vapply() checks and shapes them.
vapply_again <- function(X, values, FUN.VALUE, USE.NAMES) {
  if (USE.NAMES) names(values) <- element_names(X, values)
  vapply(values, identity, FUN.VALUE, USE.NAMES = USE.NAMES)
}

overlay_lapply <- function(X, FUN, ...) lapply(elements_of(X), callable(FUN, parent.frame()), ...)

overlay_sapply <- function(X, FUN, ..., simplify = TRUE, USE.NAMES = TRUE) {
  values <- lapply(elements_of(X), callable(FUN, parent.frame()), ...)
  if (USE.NAMES && is.character(X) && is.null(names(values))) names(values) <- X
  if (isFALSE(simplify)) values else overlay_simplify(values, higher = identical(simplify, "array"))
}

overlay_simplify <- function(x, higher = TRUE, ...) {
  if (!is.list(x)) return(x)
  bless(simplify2array(lapply(x, bare_or_same), higher, ...))
}

# What a `for` loop runs over: elements that keep their class.
each_of <- function(seq) if (is.complex(seq)) elements_of(seq) else seq
