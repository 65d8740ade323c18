# A model's function may use functions and values of the user's workspace. A fit keeps those that it uses, as they were,
# so that it can be updated and predict for new data where there is no such workspace: the function's environment
# becomes one that holds them, above the workspace.

# The model, or the function, with what it uses of the workspace; itself when it uses nothing of it.
portable_model <- function(model) {
  names <- workspace_names(model)
  if (!length(names)) return(model)
  held <- new.env(parent = globalenv())
  map <- list(from = list(globalenv()), to = list(held))
  move <- function(x) {
    if (is_closure(x)) {
      environment(x) <- moved(environment(x))
      return(x)
    }
    if (is.list(x) && has_closure(x)) x[] <- lapply(x, move)
    x
  }
  moved <- function(env) {
    if (is_fixed(env)) return(env)
    for (k in seq_along(map$from)) if (identical(map$from[[k]], env)) return(map$to[[k]])
    copy <- new.env(parent = moved(parent.env(env)))
    map$from <<- c(map$from, env)
    map$to <<- c(map$to, copy)
    for (name in ls(env, all.names = TRUE)) {
      value <- value_of(name, env)
      if (!is.null(value)) assign(name, move(value), envir = copy)
    }
    copy
  }
  for (name in names) assign(name, move(get(name, envir = globalenv(), inherits = FALSE)), envir = held)
  move(model)
}

# What the closures in x, and those that they use, find in the workspace.
workspace_names <- function(x) {
  found <- character()
  seen <- list()
  visit <- function(value) {
    if (is_closure(value)) visit_closure(value)
    else if (is.list(value)) lapply(value, function(part) if (is.function(part) || is.list(part)) visit(part))
  }
  visit_closure <- function(fn) {
    if (is_fixed(environment(fn))) return()
    for (other in seen) if (identical(other, fn)) return()
    seen <<- c(seen, fn)
    for (name in free_names(fn)) visit_name(name, environment(fn))
  }
  visit_name <- function(name, env) {
    while (!is_fixed(env) && !exists(name, envir = env, inherits = FALSE)) env <- parent.env(env)
    if (is_fixed(env) || name %in% found && identical(env, globalenv())) return()
    if (identical(env, globalenv())) found <<- c(found, name)
    visit(value_of(name, env))
  }
  visit(x)
  found
}

# NULL also for an argument that is missing.
value_of <- function(name, env) {
  value <- tryCatch(get(name, envir = env, inherits = FALSE), error = function(e) NULL)
  if (identical(value, quote(expr = ))) NULL else value
}

# Packages are where the fit goes; above the workspace there is nothing else.
is_fixed <- function(env) {
  isNamespace(env) || identical(env, emptyenv()) || identical(env, baseenv()) || !is.null(attr(env, "path"))
}

is_closure <- function(x) is.function(x) && !is.primitive(x)

# A loop would stop at the empty defaults of a list of formals.
has_closure <- function(x) {
  any(vapply(x, function(part) is_closure(part) || (is.list(part) && has_closure(part)), NA))
}

# Names that the function may look up outside: not its arguments, nor what it assigns or draws. `~ foo()` looks for
# dist_foo() too.
free_names <- function(fn) {
  body <- body(fn)
  used <- unique(all.names(body))
  defaults <- unlist(lapply(formals(fn), all.names))
  setdiff(unique(c(used, defaults, paste0("dist_", used))), c(names(formals(fn)), assigned_names(body)))
}

assigned_names <- function(expression) {
  if (!is.call(expression)) return(character())
  head <- if (is.name(expression[[1]])) as.character(expression[[1]]) else ""
  assigns <- length(expression) > 2L && head %in% c("<-", "=", "for", "~", ":=") && is.name(expression[[2]])
  own <- if (assigns) as.character(expression[[2]])
  parts <- as.list(expression)
  c(own, unlist(lapply(parts[vapply(parts, is.call, NA)], assigned_names)))
}
