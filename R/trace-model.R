#' The sites of a model, with values from the prior
#'
#' `trace_model()` runs the model once: data where there are any, a draw from the prior elsewhere. `reparam_map()`
#' lists, without drawing, how a fit would see each site: what was reparameterized, into which auxiliary sites, and why.
#'
#' @inheritParams fit_nuts
#' @param model A model made by [model()], or a function, or what [model_spec()] returned (then without `data`).
#' @return `trace_model()`: a data frame, of class `reparam_trace`, which prints the first values of each site, with a
#'   row a site in the order of the model and columns `name`, `kind` (`"draw"` for a random site, `"observed"`,
#'   `"partial"` for one with some data, `"recorded"`, `"param"`, `"substituted"` or `"intervened"`), `dim` (list of
#'   integer vectors, `integer(0)` for a scalar), `distribution`, `value` (list of numeric vectors or arrays),
#'   `log_density` (the site's term of the log density on the user's scale, summed over elements; NA where there is
#'   none), `observed`, `auxiliary`.
#'
#'   `reparam_map()`: a data frame with columns `site`, `auxiliary` (the names of the auxiliary sites, separated by
#'   commas), `distribution` (of the site as the model has it), `kind` (`"reparameterized"`, `"latent"`,
#'   `"ancestral"`, `"observed"`, ...) and `why`.
#' @section Errors:
#' Those of [model_spec()].
#' @examples
#' m <- model(function(y = NULL) {
#'   k ~ lognormal(0, 1)
#'   y ~ normal(k, 0.1)
#' })
#' trace_model(m, seed = 1)
#' trace_model(m, list(y = 1.2), seed = 1)$log_density
#' reparam_map(m |> reparam(k = decenter()), list(y = 1.2))
#' @export
trace_model <- function(model, data = list(), reparam = "none", seed = NULL) {
  control <- model_control(reparam, FALSE, seed)
  model <- with_strategy(model, reparam)
  table <- .Call(ffi_model_table, fit_spec(model, data), c(list(prior = 1), control))
  warn_engine(table$warnings)
  kind <- vapply(table$sites, `[[`, "", "kind")
  kind[kind %in% c("latent", "ancestral")] <- "draw"
  dims <- lapply(table$sites, function(site) as.integer(site$dim))
  frame <- data.frame(name = vapply(table$sites, `[[`, "", "name"), kind = kind)
  frame$dim <- lapply(dims, function(dim) if (prod(dim) == 1 && length(dim) <= 1L) integer() else dim)
  frame$distribution <- vapply(table$sites, `[[`, "", "distribution")
  frame$value <- Map(function(value, dim) if (length(dim) > 1L) array(value, dim) else value, table$values, dims)
  frame$log_density <- table$log_density
  frame$observed <- kind %in% c("observed", "partial")
  frame$auxiliary <- vapply(table$sites, function(site) isTRUE(site$auxiliary), NA)
  structure(frame, class = c("reparam_trace", "data.frame"))
}

#' @rdname trace_model
#' @param x What `trace_model()` returned.
#' @param digits Significant digits.
#' @param ... Ignored.
#' @export
print.reparam_trace <- function(x, digits = 4, ...) {
  shown <- data.frame(row.names = row.names(x))
  for (name in names(x)) {
    column <- x[[name]]
    # `kind` says what is observed
    if (name == "observed" || name == "auxiliary" && !any(column)) next
    shown[[name]] <- if (name == "dim") vapply(column, paste, "", collapse = " x ")
    else if (is.list(column)) vapply(column, first_values, "", digits)
    else if (is.double(column)) ifelse(is.na(column), "", formatC(column, digits = digits, format = "g", width = 1L))
    else column
  }
  print(shown, right = FALSE, row.names = FALSE)
  invisible(x)
}

# "1.2 0.3 4.1 ..": at most four numbers.
first_values <- function(x, digits) {
  shown <- formatC(as.vector(x)[seq_len(min(length(x), 4L))], digits = digits, format = "g", width = 1L)
  paste(c(shown, if (length(x) > 4L) ".."), collapse = " ")
}

#' @rdname trace_model
#' @export
reparam_map <- function(model, data = list(), reparam = "minimal", prune = TRUE) {
  control <- model_control(reparam, prune, 0)
  model <- with_strategy(model, reparam)
  table <- .Call(ffi_model_table, fit_spec(model, data), c(list(prior = 0, centering = TRUE), control))
  warn_engine(table$warnings)
  field <- function(name) vapply(table$sites, function(site) as.character(site[[name]]), "")
  auxiliary <- vapply(table$sites, function(site) isTRUE(site$auxiliary), NA)
  names <- field("name")
  original <- !auxiliary & (field("kind") != "recorded" | names %in% field("original")[auxiliary])
  made <- vapply(names[original], function(name) {
    paste(names[auxiliary & field("original") == name], collapse = ", ")
  }, "")
  data.frame(
    site = names[original], auxiliary = unname(made), distribution = field("distribution")[original],
    kind = field("kind")[original], why = field("why")[original]
  )
}
