#' Transforms
#'
#' Smooth one-to-one maps of the real line, or of vectors, onto a support. [dist_transformed()] pushes a distribution
#' through one; the engine also uses them to give every constrained site unconstrained coordinates.
#'
#' With `u` the original value and `x` the transformed one:
#'
#' | transform | x | log of the Jacobian |
#' |---|---|---|
#' | `transform_identity()` | `u` | 0 |
#' | `transform_exp()` | `exp(u)` | `u` |
#' | `transform_affine(loc, scale)` | `loc + scale * u` | `log(abs(scale))` |
#' | `transform_sigmoid()` | `1 / (1 + exp(-u))` | `log(x) + log(1 - x)` |
#' | `transform_interval(lower, upper)` | `lower + (upper - lower) * s`, s sigmoid | its own `+ log(upper - lower)` |
#' | `transform_lower(bound)` | `bound + exp(u)` | `u` |
#' | `transform_upper(bound)` | `bound - exp(u)` | `u` |
#' | `transform_softplus()` | `log(1 + exp(u))` | `-log(1 + exp(-u))` |
#' | `transform_tanh()` | `tanh(u)` | `log(1 - x^2)` |
#' | `transform_power(exponent)` | `u^exponent`, `u > 0` | `log(abs(exponent)) + (exponent - 1) * log(u)` |
#' | `transform_ordered()` | increasing vector: `x[1] = u[1]`, `x[i] = x[i-1] + exp(u[i])` | `sum(u[-1])` |
#' | `transform_simplex()` | k - 1 numbers to k that sum to 1, by stick-breaking | see the source |
#' | `transform_softmax()` | k - 1 numbers to k that sum to 1: `exp(c(u, 0)) / sum(exp(c(u, 0)))` | `sum(log(x))` |
#' | `transform_permute(order)` | `u[order]` | 0 |
#' | `transform_discrete_cosine(smooth)` | cosine coefficients, weighted, see [reparam_discrete_cosine()] | 0 |
#' | `transform_haar(flip)` | Haar coefficients, see [reparam_haar()] | 0 |
#' | `transform_reshape(dim)` | `matrix(u, dim[1], dim[2])` | 0 |
#' | `transform_cholesky()` | lower triangle, row by row, `exp` on the diagonal | sum of the diagonal's `u` |
#' | `transform_corr_cholesky()` | Cholesky factor of a correlation matrix, from `tanh(u)` | see the source |
#'
#' From `transform_ordered()` on they map whole events: a vector to a vector (or matrix). Over a univariate distribution
#' all its elements are one event, `dist_transformed(dist_normal(0, c(1, 1, 1)), transform_ordered())`; of a site that
#' is drawn as a matrix, each row is an event.
#'
#' `transform_compose(f, g)` applies `f` first, then `g`; `transform_inverse(f)` undoes `f`.
#' `transform_concat(f, g, sizes = c(2, 3))` applies `f` to the first two elements of an event and `g` to the three
#' after them; its parts must keep the number of elements.
#'
#' @param loc,scale Shift and factor; the factor must not be 0. Numbers or values that depend on sites.
#' @param lower,upper,bound Bounds; numbers or values that depend on sites.
#' @param exponent A number that is not 0.
#' @param order The positions 1, 2, .. in their new order.
#' @param smooth Exponent of the weights of the cosine coefficients, a number.
#' @param flip Whether to reverse the vector first.
#' @param dim Number of rows and of columns, whose product is the length of one event.
#' @param ... For `transform_compose()`, transforms in the order in which they are applied; otherwise ignored.
#' @param transform A transform, its name, or a composition, to be undone.
#' @param sizes How many elements each part acts on; `NULL`: one each.
#' @param x A transform.
#' @return An object of class `reparam_transform`: the transform's name and arguments. `transform_compose()` returns a
#'   list of them, of class `reparam_transforms`.
#' @section Errors:
#' An `order` that is no permutation, an argument that is not numeric, `scale = 0`, `exponent = 0` or bounds in the
#' wrong order.
#' @references Stan Development Team, Stan Reference Manual, chapter "Constraint transforms".
#' @seealso [dist_transformed()]
#' @examples
#' dist_transformed(dist_normal(0, 1), transform_exp())
#' transform_compose(transform_affine(1, 2), transform_exp())
#' @name transforms
NULL

new_transform <- function(name, args = list()) {
  for (argument in names(args)) check_dist_argument(args[[argument]], argument, "real")
  structure(list(name = name, args = args), class = "reparam_transform")
}

#' @rdname transforms
#' @export
transform_identity <- function() new_transform("identity")

#' @rdname transforms
#' @export
transform_exp <- function() new_transform("exp")

#' @rdname transforms
#' @export
transform_affine <- function(loc = 0, scale = 1) {
  check_not_zero(scale, "scale")
  new_transform("affine", list(loc = loc, scale = scale))
}

#' @rdname transforms
#' @export
transform_sigmoid <- function() new_transform("sigmoid")

#' @rdname transforms
#' @export
transform_interval <- function(lower, upper) {
  check_bounds(lower, upper, "lower", "upper")
  new_transform("interval", list(lower = lower, upper = upper))
}

#' @rdname transforms
#' @export
transform_lower <- function(bound) new_transform("lower", list(bound = bound))

#' @rdname transforms
#' @export
transform_upper <- function(bound) new_transform("upper", list(bound = bound))

#' @rdname transforms
#' @export
transform_softplus <- function() new_transform("softplus")

#' @rdname transforms
#' @export
transform_tanh <- function() new_transform("tanh")

#' @rdname transforms
#' @export
transform_power <- function(exponent) {
  check_not_zero(exponent, "exponent")
  new_transform("power", list(exponent = exponent))
}

#' @rdname transforms
#' @export
transform_ordered <- function() new_transform("ordered")

#' @rdname transforms
#' @export
transform_simplex <- function() new_transform("simplex")

#' @rdname transforms
#' @export
transform_softmax <- function() new_transform("softmax")

#' @rdname transforms
#' @export
transform_permute <- function(order) {
  if (is_traced(order) || !is.numeric(order) || anyNA(order) ||
      !identical(sort(as.double(order)), as.double(seq_along(order)))) {
    stop_reparam("`order` must hold each of 1, 2, .. once.", "For example `transform_permute(c(2, 3, 1))`.")
  }
  new_transform("permute", list(order = as.double(order)))
}

#' @rdname transforms
#' @export
transform_discrete_cosine <- function(smooth = 0) {
  new_transform("discrete_cosine", list(smooth = check_number(smooth, "smooth")))
}

#' @rdname transforms
#' @export
transform_haar <- function(flip = FALSE) new_transform("haar", list(flip = as.double(check_flag(flip, "flip"))))

#' @rdname transforms
#' @export
transform_reshape <- function(dim) {
  check_dist_argument(dim, "dim", "positive_count")
  if (length(dim) != 2L) stop_reparam(sprintf("`dim` must be two numbers, rows and columns, not %s.", describe(dim)))
  transform <- new_transform("reshape")
  transform$dim <- as.integer(dim)
  transform
}

#' @rdname transforms
#' @export
transform_cholesky <- function() new_transform("cholesky")

#' @rdname transforms
#' @export
transform_corr_cholesky <- function() new_transform("corr_cholesky")

#' @rdname transforms
#' @export
transform_compose <- function(...) {
  structure(as_transforms(list(...)), class = "reparam_transforms")
}

#' @rdname transforms
#' @export
transform_concat <- function(..., sizes = NULL) {
  parts <- lapply(list(...), as_transforms)
  if (!length(parts)) stop_reparam("`transform_concat()` needs transforms.")
  if (is.null(sizes)) sizes <- rep(1, length(parts))
  check_dist_argument(sizes, "sizes", "positive_count")
  if (length(sizes) != length(parts)) {
    text <- "`sizes` must have one number for each of the %d parts, not %d."
    stop_reparam(sprintf(text, length(parts), length(sizes)))
  }
  placed <- Map(place_transforms, parts, cumsum(c(0, sizes[-length(sizes)])), sizes)
  structure(unlist(placed, recursive = FALSE), class = "reparam_transforms")
}

#' @rdname transforms
#' @export
transform_inverse <- function(transform) {
  inverse <- rev(lapply(as_transforms(transform), function(t) {
    t$inverted <- if (is.null(t$inverted)) 1L
    t
  }))
  if (length(inverse) == 1L) inverse[[1]] else structure(inverse, class = "reparam_transforms")
}

#' @rdname transforms
#' @export
format.reparam_transform <- function(x, ...) {
  place <- if (is.null(x$count)) "" else sprintf(" of elements %d to %d", x$first, x$first + x$count - 1L)
  arguments <- paste(format_arguments(x$args), collapse = ", ")
  sprintf("%s%s(%s)%s", if (is.null(x$inverted)) "" else "inverse ", x$name, arguments, place)
}

#' @rdname transforms
#' @export
print.reparam_transform <- function(x, ...) {
  cat("transform ", format(x), "\n", sep = "")
  invisible(x)
}

#' @rdname transforms
#' @export
format.reparam_transforms <- function(x, ...) {
  paste(vapply(x, format, ""), collapse = ", then ")
}

#' @rdname transforms
#' @export
print.reparam_transforms <- function(x, ...) {
  cat("transforms ", format(x), "\n", sep = "")
  invisible(x)
}

# A flat list of transforms from a transform, the name of one that needs no arguments, or a list of these.
as_transforms <- function(x) {
  if (inherits(x, "reparam_transform")) return(list(x))
  if (is.character(x)) return(lapply(x, transform_by_name))
  if (is.list(x)) return(unlist(lapply(unname(x), as_transforms), recursive = FALSE))
  stop_reparam(
    sprintf("`transform` must be a transform, not %s.", describe(x)),
    "Write for example `transform_exp()`, or a list of transforms in the order in which they are applied."
  )
}

transform_by_name <- function(name) {
  constructor <- get0(paste0("transform_", name), envir = topenv(), mode = "function", inherits = FALSE)
  if (is.null(constructor)) {
    stop_reparam(sprintf("There is no transform \"%s\".", name), "`?transforms` lists them.")
  }
  constructor()
}

check_not_zero <- function(value, name) {
  if (is_traced(value) || !is.numeric(value)) return(invisible())
  if (any(value == 0, na.rm = TRUE)) stop_reparam(sprintf("`%s` must not be 0.", name))
  invisible()
}

# Two constant bounds must be in order; with a traced one the engine finds out.
check_bounds <- function(lower, upper, lower_name, upper_name) {
  check_dist_argument(lower, lower_name, "any")
  check_dist_argument(upper, upper_name, "any")
  if (is_traced(lower) || is_traced(upper)) return(invisible())
  bad <- which(!(lower < upper))
  if (length(bad)) {
    n <- max(length(lower), length(upper))
    stop_reparam(sprintf(
      "`%s` must be below `%s`, but is %s and %s.", lower_name, upper_name,
      format(rep_len(lower, n)[bad[1]]), format(rep_len(upper, n)[bad[1]])
    ))
  }
  invisible()
}

# ---- shapes ----

# Transforms of whole events; the others act on every element.
event_transforms <- c(
  "ordered", "simplex", "softmax", "permute", "discrete_cosine", "haar", "reshape", "cholesky", "corr_cholesky"
)

has_event_transform <- function(dist) {
  of_events <- function(transform) transform$name %in% event_transforms || !is.null(transform$count)
  if (any(vapply(dist$transforms, of_events, NA))) return(TRUE)
  inner <- if (is.null(dist$base)) dist$components else list(dist$base)
  any(vapply(inner, has_event_transform, NA))
}

# Transforms that act on `size` elements of an event, after the first `offset` ones.
place_transforms <- function(transforms, offset, size) {
  lapply(transforms, function(transform) {
    if (transform$name %in% c("simplex", "softmax", "cholesky", "corr_cholesky", "reshape")) {
      text <- "transform_%s() changes the number of elements, which `transform_concat()` cannot."
      stop_reparam(sprintf(text, transform$name))
    }
    first <- if (is.null(transform$count)) 1L else transform$first
    if (is.null(transform$count)) transform$count <- as.integer(size)
    if (first + transform$count - 1L > size) {
      stop_reparam(sprintf("A part acts on more elements than its size, %d.", as.integer(size)))
    }
    transform$first <- as.integer(offset + first)
    transform
  })
}

# The shape of a distribution with such transforms: that of what they are applied to, changed one after the other.
transformed_shape <- function(dist) {
  inner <- if (is.null(dist$base)) dist$components[[1]] else dist$base
  shape <- dist_shape(inner)
  for (transform in dist$transforms) shape <- shape_after(transform, shape)
  as.integer(shape)
}

shape_after <- function(transform, shape) {
  last <- shape[length(shape)]
  batch <- shape[-length(shape)]
  inverted <- !is.null(transform$inverted)
  matrix_of <- function(packed, diagonal) {
    k <- round((sqrt(8 * packed + 1) + if (diagonal) -1 else 1) / 2)
    if (k * (k + if (diagonal) 1 else -1) / 2 != packed) {
      stop_reparam(sprintf("transform_%s() cannot take vectors of length %d.", transform$name, as.integer(packed)))
    }
    c(batch, k, k)
  }
  packed_of <- function(diagonal) c(shape[seq_len(length(shape) - 2L)], last * (last + if (diagonal) 1 else -1) / 2)
  switch(transform$name,
    simplex = , softmax = c(batch, if (inverted) last - 1 else last + 1),
    cholesky = if (inverted) packed_of(TRUE) else matrix_of(last, TRUE),
    corr_cholesky = if (inverted) packed_of(FALSE) else matrix_of(last, FALSE),
    reshape = reshaped(transform, batch, last),
    shape
  )
}

reshaped <- function(transform, batch, last) {
  if (!is.null(transform$inverted)) {
    stop_reparam("transform_reshape() cannot be undone: the shape before it is not known.",
                 "Reshape to that shape instead.")
  }
  if (prod(transform$dim) != last) {
    stop_reparam(sprintf(
      "transform_reshape() to %s cannot take vectors of length %d.",
      paste(transform$dim, collapse = " x "), as.integer(last)
    ))
  }
  c(batch, transform$dim)
}
