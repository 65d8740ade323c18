#' Distributions built from others
#'
#' `dist_transformed()` is the distribution of `transform(u)` when `u` follows `base`; `dist_masked()` counts only the
#' elements where `mask` is true; `dist_independent()` and `dist_expand()` state shapes. They combine in any order.
#'
#' The log density of the transformed value `x` is that of `base` at `u`, the inverse image of `x`, minus the log
#' Jacobian of the transform at `u`. `reparam_transform()` splits such a site into its base and the transform.
#'
#' An element that is masked out adds nothing to the log density: an observation there is ignored, and an unobserved
#' value is drawn from its distribution after the fit rather than sampled.
#'
#' The elements of a site of a univariate family are independent already, and a site takes its shape from the left side
#' of `~`, so `dist_independent()` changes nothing but says what is meant, and `dist_expand()` gives the shape where no
#' left side does.
#'
#' @param base,d A distribution.
#' @param transform A transform, its name (`"exp"`), or a list of transforms in the order in which they are applied.
#' @param mask Logical, or 0 and 1: one value, or one for each event. May depend on sites.
#' @param n Number of dimensions, counted from the right, that belong to one event.
#' @param dim Dimensions of the value.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' A `base` that is no distribution, a `transform` that is no transform, an unknown name of a transform, a mask with
#' `NA`.
#' @seealso [transforms], [distributions]
#' @examples
#' dist_transformed(dist_normal(0, 1), list(transform_affine(1, 2), transform_exp()))
#' dist_masked(dist_normal(0, 1), c(TRUE, FALSE))
#' @name combinators
NULL

#' @rdname combinators
#' @export
dist_transformed <- function(base, transform) {
  check_dist(base, "base")
  combine("transformed", base, transforms = as_transforms(transform))
}

#' @rdname combinators
#' @export
dist_masked <- function(d, mask) {
  check_dist(d, "d")
  if (is.logical(mask)) storage.mode(mask) <- "double"
  check_dist_argument(mask, "mask", "unit")
  combine("masked", d, mask = mask)
}

#' @rdname combinators
#' @export
dist_independent <- function(d, n = 1) {
  check_dist(d, "d")
  check_dist_argument(n, "n", "count")
  combine("independent", d, n = n)
}

#' @rdname combinators
#' @export
dist_expand <- function(d, dim) {
  check_dist(d, "d")
  check_dist_argument(dim, "dim", "positive_count")
  combine("expand", d, dim = as.integer(dim))
}

combine <- function(family, base, ...) {
  structure(list(family = family, base = base, ...), class = "reparam_dist")
}

check_dist <- function(x, name) {
  if (!is_dist(x)) {
    stop_reparam(
      sprintf("`%s` must be a distribution, not %s.", name, describe(x)),
      "Write for example `dist_normal(0, 1)`."
    )
  }
  invisible()
}
