# The inverse mass matrix that fit_nuts() is asked for: its kind, and where it starts.

metric_kinds <- c("diag", "dense", "lowrank", "unit")

# list(kind, blocks): blocks are character vectors of sites, for the kind "blocks".
check_metric <- function(metric) {
  if (identical(metric, metric_kinds)) return(list(kind = "diag"))
  if (!is.list(metric)) {
    if (!is.character(metric) || length(metric) != 1L || !metric %in% metric_kinds) {
      kinds <- paste0("\"", metric_kinds, "\"", collapse = ", ")
      stop_reparam(
        sprintf("`metric` must be one of %s or a list of blocks of sites, not %s.", kinds, describe(metric)),
        "For one dense block, write `metric = list(c(\"mu\", \"tau\"))`."
      )
    }
    return(list(kind = metric))
  }
  named <- vapply(metric, function(block) is.character(block) && length(block) && !anyNA(block), NA)
  if (!length(metric) || !all(named)) {
    stop_reparam(
      "Blocks of `metric` must be names of sites.", "Write `metric = list(c(\"mu\", \"tau\"), c(\"a\", \"b\"))`."
    )
  }
  sites <- unlist(metric)
  twice <- sites[duplicated(sites)]
  if (length(twice)) stop_reparam(sprintf("`metric` has site %s in two blocks.", quote_names(twice[1])))
  list(kind = "blocks", blocks = unname(metric))
}

# What `inverse_metric` says: list(form, value, names) with a column of `value` for each chain, or one for all.
check_inverse_metric <- function(x, metric) {
  if (is.null(x)) return(NULL)
  if (is.list(x) && identical(names(x)[1:2], c("form", "value"))) return(x) # by update()
  if (inherits(x, "reparam_nuts")) return(metric_of_fit(x, metric))
  numeric <- is.numeric(x) && length(x) && all(is.finite(x))
  if (!numeric || (is.array(x) && !is.matrix(x)) || (is.matrix(x) && nrow(x) != ncol(x))) {
    stop_reparam(
      sprintf("`inverse_metric` must be variances, a square matrix or a fit by `fit_nuts()`, not %s.", describe(x)),
      "Its order, and its names if it has any, are those of `fit$unconstrained_names`."
    )
  }
  if (is.matrix(x)) {
    names <- if (is.null(rownames(x))) colnames(x) else rownames(x)
    return(list(form = "matrix", value = matrix(as.double(x), ncol = 1), names = names))
  }
  list(form = "variances", value = matrix(as.double(x), ncol = 1), names = names(x))
}

# Bit for bit for the same metric; another kind takes what it can hold of variances or of a matrix.
metric_of_fit <- function(fit, metric) {
  had <- fit$control$metric
  same <- identical(had, metric$kind) && identical(fit$control$blocks, metric$blocks)
  if (!same && !had %in% c("diag", "dense")) {
    stop_reparam(
      sprintf("The fit in `inverse_metric` has a metric of another kind (\"%s\").", had),
      "Use the same `metric`; a diagonal or dense one can start any other."
    )
  }
  form <- if (same) "raw" else if (had == "diag") "variances" else "matrix"
  list(form = form, value = fit$adaptation$inv_metric, names = fit$unconstrained_names)
}
