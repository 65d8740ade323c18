# What is known while a model runs: the statements so far, the sites, the model's frame. There is one session at a time,
# between session_begin() and session_end(); statements outside it are an error.

the <- new.env(parent = emptyenv())
the$session <- NULL

session_begin <- function(fn, handlers, whole = FALSE) {
  trace_begin()
  session <- new.env(parent = emptyenv())
  session$fn <- fn
  session$arguments <- names(formals(fn))
  session$frame <- NULL
  session$statements <- new.env(parent = emptyenv())
  session$n <- 0L
  session$sites <- new.env(parent = emptyenv())
  session$site_names <- character()
  session$later <- list()
  session$calls <- list()
  session$plates <- integer()
  session$whole_plates <- whole
  session$batches <- logical()
  session$batch_sites <- integer()
  session$values_of <- new.env(parent = emptyenv())
  session$set_by_handler <- names_set_by(handlers)
  session$lifted <- lifted_params(handlers)
  session$user_reparams <- user_reparams(handlers)
  session$fixed_by_handler <- names_set_by(handlers, c("intervene", "substitute", "replay"))
  session$conditioned <- conditioned_values(handlers)
  the$session <- session
}

session_end <- function() {
  if (!is.null(the$session)) trace_end()
  the$session <- NULL
}

in_session <- function() {
  !is.null(the$session)
}

need_session <- function(what) {
  if (!in_session()) {
    stop_reparam(
      sprintf("`%s` has a meaning only while a model runs.", what),
      "Put the function into `model()` and give it to `fit_nuts()` or `model_spec()`; helpers run on plain numbers."
    )
  }
  the$session
}

# Statements lie in an environment under their number, so that a loop of many draws does not copy a list at each of
# them.
add_statement <- function(session, statement) {
  session$n <- session$n + 1L
  statement$barrier <- trace_size()
  assign(as.character(session$n), statement, envir = session$statements)
  session$n
}

session_statements <- function(session) {
  unname(mget(as.character(seq_len(session$n)), envir = session$statements))
}

# ---- names of sites ----

# Registers a statement under a name. A name serves one statement, or several that draw different elements.
claim_name <- function(session, name, kind, elementwise, origin) {
  site <- session$sites[[name]]
  if (is.null(site)) {
    site <- new.env(parent = emptyenv())
    site$name <- name
    site$kind <- kind
    site$elementwise <- elementwise
    site$origin <- origin
    assign(name, site, envir = session$sites)
    session$site_names <- c(session$site_names, name)
    return(site)
  }
  if (!elementwise || !site$elementwise || site$kind != kind) stop_used_twice(name, site$origin, origin)
  site
}

stop_used_twice <- function(name, first, second) {
  stop_reparam(
    sprintf("The name `%s` is used twice: in %s and in %s.", name, origin_text(first), origin_text(second)),
    sprintf(
      "Every site needs a name of its own; in a loop write `%1$s[i] ~ ...` or `draw(paste0(\"%1$s_\", i), ...)`.", name
    ),
    site = name, call = second$call, where = second$where
  )
}

origin_text <- function(origin) {
  text <- sprintf("`%s`", origin$call)
  if (nzchar(origin$where)) paste(text, "at", origin$where) else text
}

# The user's call as it goes into a statement: its text and "file:line". A loop makes the same call many times, and a
# call is an object that stays where it is, so that the last ones are remembered.
call_origin <- function(call) {
  known <- recall(call)
  if (!is.null(known$origin)) return(known$origin)
  where <- source_line(call)
  origin <- list(call = call_text(call, 200L), where = if (is.null(where)) "" else where)
  remember(call, origin = origin)
  origin
}

# What is known of a call: list(call, origin) of a statement, list(call, dist, code, scope, frame) of the right side of
# `~`; NULL when it is not among the last eight.
recall <- function(call) {
  for (entry in the$session$calls) if (identical(entry$call, call)) return(entry)
  NULL
}

remember <- function(call, ...) {
  session <- the$session
  if (is.null(session)) return(invisible())
  for (k in seq_along(session$calls)) {
    if (!identical(session$calls[[k]]$call, call)) next
    session$calls[[k]] <- list(call = call, ...)
    return(invisible())
  }
  session$calls <- c(list(list(call = call, ...)), session$calls[seq_len(min(length(session$calls), 7L))])
}

check_name <- function(name) {
  if (!is.character(name) || length(name) != 1L || is.na(name) || !nzchar(name)) {
    stop_reparam(sprintf("The name of a site must be one text, not %s.", describe(name)))
  }
  if (nchar(name, "bytes") > 127L) {
    stop_reparam(sprintf("The name `%s...` is longer than 127 bytes.", substr(name, 1L, 40L)))
  }
  name
}

# ---- data of the model's arguments ----

# The function's own frame, once a statement has been reached from it.
is_model_frame <- function(session, frame) {
  if (!is.null(session$frame)) return(identical(session$frame, frame))
  for (i in rev(seq_len(sys.nframe()))) {
    if (!identical(sys.frame(i), frame)) next
    if (!identical(sys.function(i), session$fn)) return(FALSE)
    session$frame <- frame
    return(TRUE)
  }
  FALSE
}

# What the name of a site is bound to where a statement stands:
#   data     an argument of the model function: numbers to observe
#   storage  a local variable, whatever it holds
#   none     nothing, or an argument that is NULL
find_binding <- function(session, name, frame) {
  at <- frame
  while (!identical(at, emptyenv()) && !identical(at, globalenv()) && !isNamespace(at)) {
    if (is_model_frame(session, at)) return(model_binding(session, name, at))
    if (exists(name, envir = at, inherits = FALSE)) {
      value <- get(name, envir = at, inherits = FALSE)
      if (is.function(value)) return(list(kind = "none"))
      check_not_helper_argument(name, at, value)
      return(list(kind = "storage", value = value))
    }
    at <- parent.env(at)
  }
  list(kind = "none")
}

model_binding <- function(session, name, frame) {
  if (!exists(name, envir = frame, inherits = FALSE)) return(list(kind = "none"))
  value <- get(name, envir = frame, inherits = FALSE)
  if (!name %in% session$arguments) {
    return(if (is.function(value)) list(kind = "none") else list(kind = "storage", value = value))
  }
  if (exists(name, envir = session$values_of, inherits = FALSE)) {
    # Elements drawn before may have replaced the argument; the data are what it was at its first statement.
    value <- get(name, envir = session$values_of)
  } else {
    if (has_codes(value)) {
      stop_reparam(
        sprintf("The argument `%s` holds a value computed from sites, which cannot be observed.", name),
        "Give the site a name that is not in use, or keep the argument as it came.", site = name
      )
    }
    assign(name, value, envir = session$values_of)
  }
  if (is.null(value)) list(kind = "none") else list(kind = "data", value = value)
}

# `function(y) y ~ ...` as a helper, or `with(frame, y ~ ...)`: taking y for a site without data would silently drop
# what was passed.
check_not_helper_argument <- function(name, frame, value) {
  if (is.null(value)) return(invisible())
  frames <- sys.frames()
  functions <- lapply(seq_along(frames), sys.function)
  # The environment in which eval() evaluates counts as a frame, of a primitive.
  of_frame <- vapply(frames, identical, NA, frame) & !vapply(functions, is.primitive, NA)
  what <- if (any(vapply(functions[of_frame], function(fn) name %in% names(formals(fn)), NA))) {
    "is an argument of a helper"
  } else if (!any(of_frame) && any(vapply(functions, identical, NA, base::with.default))) {
    "is a column that with() shows"
  }
  if (is.null(what)) return(invisible())
  stop_reparam(
    sprintf("`%s` %s, and only the model function's own arguments observe.", name, what),
    sprintf("Say what is meant: `draw(\"%s\", ..., obs = %s)`, or draw under another name.", name, name), site = name
  )
}
