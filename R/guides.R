#' Guides: families of approximate posteriors
#'
#' What [fit_svi()] fits: a distribution over the unconstrained coordinates of the sites that the data inform. A site
#' bounded below, say, enters by its logarithm, as it does in [fit_nuts()].
#'
#' * `guide_normal()`, also called `guide_diagonal()`: independent normals (mean field).
#' * `guide_mvn()`: one multivariate normal with a full covariance, by its Cholesky factor.
#' * `guide_lowrank()`: a multivariate normal with covariance `W W' + diag(d)^2`, `W` of `rank` columns.
#' * `guide_iaf()`: an inverse autoregressive flow, see [guide_iaf()].
#' * `guide_coupling()`: a coupling flow with splines, see [guide_iaf()].
#' * `guide_structured()`: sites with families and dependencies of their own, see [guide_structured()].
#' * `guide_delta()`: a point; the fit is the posterior mode of the unconstrained coordinates (MAP).
#' * `guide_laplace()`: a multivariate normal at the posterior mode of the unconstrained coordinates, which
#'   [optim_lbfgs()] finds, with the inverse of minus the Hessian there as covariance. With other parts in a
#'   `guide_list()`, which then must be points, the covariance is that given those points.
#' * `guide_list()`: several guides, each for its own sites, independent of one another. A part that names no sites
#'   takes those that the others leave. Parts may be functions or models of your own, see [guide_params()], each for the
#'   sites that it draws.
#'
#' A guide may also be a function or model of your own, see [guide_params()].
#'
#' @param ... For `guide_list()`, guides, also functions and models. For the others, names of sites, as in the model;
#'   you need no derived names: a reparameterized `k` is still `"k"`. None: all sites that are left.
#' @param rank Columns of `W`; NULL: about the square root of the number of coordinates.
#' @param init_scale Standard deviation at the start, positive.
#' @return An object of class `reparam_guide`: a plain list with `kind`, `sites` and settings.
#' @section Errors:
#' A site named in two parts of a list, two parts without sites, a name that no site has (when the guide is fitted).
#' @references
#' Kucukelbir, Tran, Ranganath, Gelman and Blei (2017). Automatic Differentiation Variational Inference. Journal of
#' Machine Learning Research 18.
#'
#' Ong, Nott and Smith (2018). Gaussian Variational Approximation With a Factor Covariance Structure. Journal of
#' Computational and Graphical Statistics 27.
#' @examples
#' guide_normal()
#' guide_list(guide_mvn("k", "k_d"), guide_normal())
#' @name guides
NULL

#' @rdname guides
#' @export
guide_normal <- function(..., init_scale = 0.1) {
  new_guide("normal", sites = guide_sites(...), init_scale = init_scale)
}

#' @rdname guides
#' @export
guide_diagonal <- guide_normal

#' @rdname guides
#' @export
guide_mvn <- function(..., init_scale = 0.1) {
  new_guide("mvn", sites = guide_sites(...), init_scale = init_scale)
}

#' @rdname guides
#' @export
guide_lowrank <- function(..., rank = NULL, init_scale = 0.1) {
  if (!is.null(rank)) rank <- check_whole(rank, "rank", 1)
  new_guide("lowrank", sites = guide_sites(...), init_scale = init_scale, rank = rank)
}

#' @rdname guides
#' @export
guide_delta <- function(...) {
  new_guide("delta", sites = guide_sites(...))
}

#' @rdname guides
#' @export
guide_laplace <- function(...) {
  new_guide("laplace", sites = guide_sites(...))
}

#' @rdname guides
#' @export
guide_list <- function(...) {
  parts <- list(...)
  parts <- lapply(parts, function(part) {
    if (is.function(part) || inherits(part, "reparam_model")) part <- own_guide(part)
    if (!inherits(part, "reparam_guide")) {
      stop_reparam(sprintf("A part of `guide_list()` is %s, not a guide.", describe(part)))
    }
    part
  })
  if (!length(parts)) stop_reparam("`guide_list()` needs at least one guide.")
  parts <- unlist(lapply(parts, function(part) if (part$kind == "list") part$parts else list(part)), recursive = FALSE)
  check_disjoint(parts)
  rest <- vapply(parts, function(part) is.null(part$sites) && part$kind != "model", NA)
  if (sum(rest) > 1L) {
    stop_reparam(
      "Two parts of the guide name no sites; only one can take the sites that are left.",
      "Name the sites: `guide_list(guide_mvn(\"a\", \"b\"), guide_normal())`."
    )
  }
  structure(list(kind = "list", parts = parts), class = "reparam_guide")
}

check_disjoint <- function(parts) {
  named <- unlist(lapply(parts, `[[`, "sites"))
  twice <- unique(named[duplicated(named)])
  if (length(twice)) stop_reparam(sprintf("%s stands in two parts of the guide.", quote_names(twice)))
}

#' @rdname guides
#' @param x A guide.
#' @export
print.reparam_guide <- function(x, ...) {
  cat(format_guide(x), "\n", sep = "")
  invisible(x)
}

format_guide <- function(x) {
  inner <- if (x$kind == "list") {
    vapply(x$parts, format_guide, "")
  } else {
    if (x$kind == "model") return(if (is.null(x$sites)) "<model>" else sprintf("<model of %s>", quote_names(x$sites)))
    settings <- unlist(x[intersect(names(x), c("rank", "num_flows", "hidden", "layers", "bins"))])
    if (!is.null(x$conditionals)) settings <- c(settings, conditionals = call_text(x$conditionals))
    if (!is.null(x$dependencies)) settings <- c(settings, dependencies = call_text(x$dependencies))
    c(if (length(x$sites)) paste0("\"", x$sites, "\""), paste(names(settings), "=", settings, recycle0 = TRUE))
  }
  sprintf("guide_%s(%s)", x$kind, paste(inner, collapse = ", "))
}

new_guide <- function(kind, sites, init_scale = NULL, ...) {
  if (!is.null(init_scale)) check_number(init_scale, "init_scale", function(x) x > 0, "positive")
  guide <- list(kind = kind, sites = sites, init_scale = init_scale, ...)
  structure(guide[!vapply(guide, is.null, NA)], class = "reparam_guide")
}

guide_sites <- function(...) {
  sites <- list(...)
  if (!length(sites)) return(NULL)
  if (!is.null(names(sites)) || !all(vapply(sites, is.character, NA))) {
    wrong <- if (is.null(names(sites))) "something that is no text" else quote_names(names(sites)[nzchar(names(sites))])
    stop_reparam(
      sprintf("A guide takes the names of sites, but was given %s.", wrong), "Write `guide_mvn(\"k\", \"k_d\")`."
    )
  }
  sites <- unlist(sites)
  if (anyDuplicated(sites)) stop_reparam(sprintf("%s is named twice.", quote_names(sites[duplicated(sites)])))
  sites
}

guide_kinds <- function(guide) {
  if (guide$kind == "list") vapply(guide$parts, `[[`, "", "kind") else guide$kind
}

# The sites that a guide names, to be compared with those that the model has. The engine compares those that a guide
# written as a model draws.
named_sites <- function(guide) {
  unlist(lapply(Filter(function(part) part$kind != "model", guide_parts(guide)), `[[`, "sites"))
}
