#' What a model becomes: the spec
#'
#' Runs the model function once, with traced values in place of the random quantities, and returns what happened as
#' plain data: the expressions, the statements in their order, the handlers and the data. A spec is everything that a
#' fit needs. It holds no function and no environment, so that it can be looked at with `str()`, kept with `saveRDS()`
#' and used on another machine, with the same draws.
#'
#' @param model A [model()] or a function.
#' @param data A named list (or data frame) with the values of the function's arguments: numbers, matrices, arrays,
#'   factors (their level codes), logicals, data frames of these, or `NULL` for a site that should be simulated.
#'   Arguments with a default may be left out.
#' @return An object of class `reparam_spec`, a list with elements `version`, `nodes`, `statements`, `handlers` and
#'   `data`; the file CONTRIBUTING.md describes each.
#' @section Errors: Unknown names in `data`, missing arguments, data of a wrong type, and whatever is wrong in the
#'   model's own statements, named by site, argument and line.
#' @examples
#' m <- model(function(sigma, y = NULL) {
#'   mu ~ normal(0, 5)
#'   y ~ normal(mu, sigma)
#' })
#' spec <- model_spec(m, list(sigma = 1, y = c(0.3, NA, 1.2)))
#' spec
#' spec$statements[[2]]$observed
#' @export
model_spec <- function(model, data = list()) make_spec(model, data, FALSE)

# whole: plates are run as a whole, whatever their subsample.
make_spec <- function(model, data, whole) {
  model <- as_model(model)
  data <- check_data(data, model$fn)
  if (in_session()) {
    stop_reparam(
      "A model cannot be traced while another one runs.",
      "Call the inner model's function itself, or make its spec beforehand."
    )
  }
  on.exit(session_end())
  model$handlers <- lapply(model$handlers, ask_once)
  statements <- trace_statements(model, data, whole)
  answers <- user_answers(model$handlers, statements)
  if (length(answers)) {
    session_end()
    statements <- trace_statements(model, data, whole, answers)
  }
  check_user_reparams(the$session)
  handlers <- resolve_guides(finish_handlers(model$handlers, statements), data, model$fn)
  packed <- pack_statements(statements)
  check_no_na(packed$nodes, packed$statements)
  session_end()
  spec <- structure(
    list(version = 1L, nodes = packed$nodes, statements = packed$statements, handlers = handlers, data = data),
    class = "reparam_spec"
  )
  ask_about_auxiliary(spec, Filter(function(handler) handler$kind != "lift", model$handlers))
}

# answers: functions that reparameterize sites beside those that the handlers name.
trace_statements <- function(model, data, whole, answers = list()) {
  # The overlay makes the function that runs, so the session learns of it afterwards.
  fn <- trace_overlay(model$fn, tilde_bindings())
  session_begin(fn, model$handlers, whole)
  own <- the$session$user_reparams
  the$session$user_reparams <- c(own, answers[setdiff(names(answers), names(own))])
  seed <- get0(".Random.seed", envir = globalenv(), inherits = FALSE)
  run_model(fn, data)
  if (!identical(seed, get0(".Random.seed", envir = globalenv(), inherits = FALSE))) {
    warn_reparam(
      "The model function draws from R's random numbers: each time it runs, it may be another model.",
      "Draw a site, `x ~ normal(0, 1)`, or make these numbers beforehand and pass them as data.", call = FALSE
    )
  }
  finish_statements(the$session)
}

# Arguments are passed as names, so that neither errors nor sys.call() carry the data along.
run_model <- function(fn, data) {
  scope <- list2env(data, parent = emptyenv())
  assign("model", fn, envir = scope)
  arguments <- lapply(names(data), as.name)
  names(arguments) <- names(data)
  trace_guarded(eval(as.call(c(as.name("model"), arguments)), scope))
  invisible()
}

# ---- checks of the data ----

check_data <- function(data, fn) {
  if (is.null(data)) data <- list()
  arguments <- formals(fn)
  known <- setdiff(names(arguments), "...")
  if (!is.list(data)) {
    stop_reparam(
      sprintf("`data` must be a named list, not %s.", describe(data)),
      sprintf("Write `list(%s)`.", paste(known, "= ...", recycle0 = TRUE, collapse = ", "))
    )
  }
  given <- names(data)
  if (length(data) && (is.null(given) || anyNA(given) || !all(nzchar(given)))) {
    stop_reparam(
      "Every element of `data` needs a name.",
      sprintf("The model's arguments are %s.", names_text(known))
    )
  }
  twice <- unique(given[duplicated(given)])
  if (length(twice)) stop_reparam(sprintf("`data` has %s twice.", names_text(twice)))
  unknown <- setdiff(given, known)
  if (length(unknown) && !"..." %in% names(arguments)) {
    stop_reparam(
      sprintf("The model has no argument %s.", names_text(unknown)),
      c(
        if (length(known)) sprintf("Its arguments are %s.", names_text(known)) else "It has no arguments.",
        if (is.data.frame(data) && any(known %in% given)) {
          sprintf("Choose the columns: `data[%s]`.", call_text(intersect(known, given)))
        }
      )
    )
  }
  needed <- known[vapply(arguments[known], is_missing_argument, NA)]
  missing <- setdiff(needed, given)
  if (length(missing)) {
    stop_reparam(
      sprintf("`data` lacks the model's argument%s %s.", if (length(missing) > 1L) "s" else "", names_text(missing)),
      "Only arguments with a default may be left out, as in `function(n, y = NULL)`."
    )
  }
  data <- lapply(stats::setNames(seq_along(data), given), function(k) plain_data(data[[k]], given[k]))
  data
}

# Data as they go into the spec: no attribute that could hide an environment (as in a model frame's terms).
plain_data <- function(x, name, inside = FALSE) {
  if (is.null(x)) return(NULL)
  if (is.factor(x)) return(keep_attributes(x, c("levels", "class", "names")))
  if (is.list(x)) {
    parts <- lapply(seq_along(x), function(k) plain_data(x[[k]], sprintf("%s$%s", name, part_name(x, k)), TRUE))
    attributes(parts) <- attributes(x)[intersect(names(attributes(x)), c("names", "row.names", "dim"))]
    if (is.data.frame(x)) class(parts) <- "data.frame"
    return(parts)
  }
  if (has_codes(x)) stop_reparam(sprintf("`%s` is a value of a model that was traced before.", name))
  if (is_opaque_number(x)) {
    stop_reparam(
      sprintf("`%s` is of class %s.", name, class(x)[1]), "Convert it by `as.numeric()` or `as.matrix()` first."
    )
  }
  text <- is.character(x) && inside
  if (!is.numeric(x) && !is.logical(x) && !text) {
    stop_reparam(
      sprintf("`%s` must be numeric, not %s.", name, describe(x)),
      "Data are numbers, logicals, factors, matrices, arrays and data frames of these, or NULL."
    )
  }
  keep_attributes(x, c("names", "dim", "dimnames"))
}

part_name <- function(x, k) {
  if (is.null(names(x)) || !nzchar(names(x)[k])) k else names(x)[k]
}

keep_attributes <- function(x, which) {
  attributes(x) <- attributes(x)[intersect(names(attributes(x)), which)]
  x
}

names_text <- function(names) {
  paste0("`", names, "`", collapse = ", ")
}

# ---- from the session to the spec ----

finish_statements <- function(session) {
  for (name in names(session$later)) {
    later <- session$later[[name]]
    value <- get(name, envir = later$frame)
    add_record_statement(session, name, value, later$origin)
  }
  statements <- session_statements(session)
  check_element_names(session$site_names)
  for (name in session$site_names) add_rest(session, session$sites[[name]], statements)
  if (session$n > length(statements)) statements <- session_statements(session)
  for (name in session$site_names) {
    site <- session$sites[[name]]
    if (site$elementwise && site$kind == "draw") statements <- finish_elements(statements, site)
  }
  statements
}

# A site `b[1]` beside a site `b`: draws and coordinates would have the same names.
check_element_names <- function(names) {
  for (name in grep("[", names, fixed = TRUE, value = TRUE)) {
    whole <- sub("\\[.*$", "", name)
    if (!whole %in% names) next
    stop_reparam(
      sprintf("The site `%s` is named like an element of the site `%s`.", name, whole),
      sprintf("Draw it as one, `%s ~ ...`, or give it another name.", name), site = name
    )
  }
}

# Elements that the model fills without drawing them, as x[1] in `x[1] <- 0; for (t in 2:n) x[t] ~ ...`, become part of
# the site: a record of these elements. They are found in the variable, if it still holds what was drawn.
add_rest <- function(session, site, statements) {
  if (!site$elementwise || site$kind != "draw" || is.null(site$frame)) return(invisible())
  x <- get0(site$name, envir = site$frame, inherits = FALSE)
  if (!(has_codes(x) || is.numeric(x)) || length(x) != prod(site$extents)) return(invisible())
  own <- Filter(function(s) identical(s$name, site$name) && s$kind == "draw", statements)
  rest <- setdiff(seq_along(x), unlist(lapply(own, `[[`, "element")))
  if (!length(rest) || any(vapply(own, function(s) !is.null(event_shape(s$dist)), NA))) return(invisible())
  codes <- if (has_codes(x)) as.vector(bare(x)) else as.vector(x)
  drawn <- as.vector(if (has_codes(x)) bare(site$last$value) else site$last$value)
  at <- positions_of(site$last$index, site$extents)
  if (!identical(codes[at], drawn, num.eq = FALSE, single.NA = FALSE)) return(invisible())
  value <- bless(codes[rest])
  if (!has_codes(value)) {
    rest <- rest[is.finite(value)]
    value <- as.double(value[is.finite(value)])
  }
  if (!length(rest)) return(invisible())
  statement <- list(kind = "record", name = site$name, node = trace_row(value), dim = as.integer(site$extents),
                    element = rest)
  add_statement(session, c(statement, site$origin))
}

# Gives the statements of an element-wise site the shape of the whole. One statement that draws everything in order is
# an ordinary draw.
finish_elements <- function(statements, site) {
  own <- which(vapply(statements, function(s) identical(s$name, site$name) && s$kind == "draw", NA))
  elements <- lapply(statements[own], `[[`, "element")
  all <- unlist(elements)
  if (anyDuplicated(all)) {
    of <- rep(own, lengths(elements))
    again <- anyDuplicated(all)
    stop_element_twice(site$name, all[again], statements[[of[match(all[again], all)]]], statements[[of[again]]])
  }
  whole <- length(own) == 1L && identical(as.integer(all), seq_len(prod(site$extents)))
  for (i in own) {
    statements[[i]]$dim <- as.integer(site$extents)
    if (whole) statements[[i]]$element <- NULL
  }
  statements
}

stop_element_twice <- function(name, element, first, second) {
  stop_reparam(
    sprintf(
      "Element %d of site `%s` is drawn twice: in %s and in %s.", element, name, origin_text(first), origin_text(second)
    ),
    "Each element of a site is drawn by one statement.", site = name, call = second$call, where = second$where
  )
}

# Replaces the tracer's row numbers by those of the packed columns.
pack_statements <- function(statements) {
  rows <- integer()
  barriers <- vapply(statements, function(s) as.integer(s$barrier), 0L)
  collected <- lapply(statements, statement_rows)
  rows <- unlist(collected)
  packed <- trace_pack(as.integer(rows), barriers)
  ends <- cumsum(lengths(collected))
  for (k in seq_along(statements)) {
    statements[[k]]$barrier <- NULL
    count <- length(collected[[k]])
    statements[[k]] <- set_statement_rows(statements[[k]], packed$rows[seq_len(count) + ends[k] - count])
  }
  list(nodes = packed$nodes, statements = unname(statements))
}

statement_rows <- function(statement) {
  rows <- c(statement$node, statement$data)
  if (is_plain(statement$dist)) return(as.integer(c(rows, unlist(statement$dist$args, use.names = FALSE))))
  if (!is.null(statement$dist)) {
    map_dist(statement$dist, function(row, argument) {
      rows <<- c(rows, row)
      row
    })
  }
  as.integer(rows)
}

# A family with its arguments and nothing around it: what loops are made of.
is_plain <- function(dist) {
  !is.null(dist$args) && is.null(dist$base) && is.null(dist$components) && is.null(dist$transforms) &&
    is.null(dist$mask)
}

set_statement_rows <- function(statement, rows) {
  if (is_plain(statement$dist) && is.null(statement$data)) {
    statement$node <- as.integer(rows[1])
    statement$dist$args[] <- as.integer(rows[-1])
    return(statement)
  }
  used <- 0L
  take <- function(...) {
    used <<- used + 1L
    as.integer(rows[used])
  }
  if (!is.null(statement$node)) statement$node <- take()
  if (!is.null(statement$data)) statement$data <- take()
  if (!is.null(statement$dist)) statement$dist <- map_dist(statement$dist, take)
  statement
}

# ---- looking at a spec ----

#' @rdname model_spec
#' @param x A spec.
#' @param ... Ignored.
#' @export
format.reparam_spec <- function(x, ...) {
  n <- length(x$statements)
  head <- sprintf("<spec> %d statement%s, %d nodes", n, if (n == 1L) "" else "s", length(x$nodes$op))
  lines <- statement_lines(x$statements)
  handlers <- vapply(x$handlers, function(handler) paste0("  |> ", format_handler(handler)), "")
  c(head, lines, handlers)
}

#' @rdname model_spec
#' @export
print.reparam_spec <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

# One line per site; the statements of an element-wise site share one.
statement_lines <- function(statements) {
  name_of <- vapply(statements, function(s) if (is.null(s$element)) "" else s$name, "")
  by_element <- split(statements[name_of != ""], name_of[name_of != ""])
  again <- name_of != "" & duplicated(name_of)
  kinds <- vapply(statements, `[[`, "", "kind")
  depth <- cumsum((kinds == "enter") - (kinds == "leave")) - (kinds == "enter")
  shown <- which(kinds != "leave" & !again)
  vapply(shown, function(i) {
    parts <- if (name_of[i] != "") by_element[[name_of[i]]]
    paste0(strrep("  ", depth[i] + 1L), statement_line(statements[[i]], parts))
  }, "")
}

statement_line <- function(statement, parts) {
  scalar <- is.null(statement$dim) || identical(statement$dim, 1L)
  name <- paste0(statement$name, if (!scalar) paste0("[", paste(statement$dim, collapse = ", "), "]"))
  if (!length(parts)) parts <- list(statement)
  switch(statement$kind,
    draw = paste0(name, " ~ ", dist_label(statement$dist), observed_text(parts)),
    record = paste0(name, " := ..."),
    param = paste0(name, " param, ", statement$support$kind),
    factor = paste0(name, " factor"),
    enter = paste0(statement$scope, if (statement$scope == "plate") paste0(" ", name, ", ", plate_text(statement)), ":")
  )
}

plate_text <- function(plate) {
  if (is.null(plate$subsample)) plate$size else sprintf("%d of %d", plate$subsample, plate$size)
}

dist_label <- function(dist) {
  if (is.null(dist$base) && is.null(dist$components)) return(dist$family)
  if (identical(dist$family, "custom")) return(dist$name)
  inner <- c(vapply(c(list(dist$base)[!is.null(dist$base)], dist$components), dist_label, ""),
             vapply(dist$transforms, `[[`, "", "name"))
  sprintf("%s(%s)", dist$family, paste(inner, collapse = ", "))
}

observed_text <- function(parts) {
  if (!is.null(parts[[1]]$data)) return("  observed")
  known <- sum(vapply(parts, function(s) sum(!is.na(s$observed)), 0L))
  all <- sum(vapply(parts, function(s) if (is.null(s$element)) prod(s$dim) else length(s$element), 0))
  if (known == 0L) "" else if (known == all) "  observed" else sprintf("  %d of %d observed", known, as.integer(all))
}
