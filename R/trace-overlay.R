# The scoped overlay: while a model is traced, its function and the user's helpers see other versions of what R cannot
# dispatch on. Nothing is attached or masked: each closure is copied with an environment that lies between its frame and
# its own environment, and with constructs that are no function calls (`if`, `for`, `x[i] <- v`) rewritten.

# fn as it runs while traced. bindings: further functions that it and its helpers see.
trace_overlay <- function(fn, bindings = list()) {
  memo <- new.env(parent = emptyenv())
  memo$bindings <- bindings
  memo$home <- topenv(environment(fn))
  memo$names <- overlay_names()
  memo$done <- new.env(parent = emptyenv())
  trace_state$memo <- memo
  overlay_closure(fn, memo)
}

overlay_closure <- function(fn, memo) {
  outer <- environment(fn)
  table <- overlay_table()
  names <- setdiff(c(all.names(body(fn)), all.names(as.call(c(quote(f), formals(fn))))), "")
  env <- new.env(parent = outer)
  for (name in names(lifted_functions())) bind_lifted(name, env)
  list2env(table, env)
  list2env(memo$bindings, env)
  inner <- new.env(parent = env)
  for (name in names) bind_visible(name, table, outer, inner, memo)
  body(fn) <- rewrite(body(fn))
  if (any(vapply(formals(fn), is.call, NA))) formals(fn) <- lapply(formals(fn), rewrite)
  environment(fn) <- inner
  fn
}

bind_lifted <- function(name, env) delayedAssign(name, lifted(name), assign.env = env)

# A name that means something of the user's own: their helper is overlaid when it is first used, any other value of
# theirs hides the overlay's function.
bind_visible <- function(name, table, outer, inner, memo) {
  value <- get0(name, envir = outer, mode = "function")
  if (is_user_closure(value, memo) && is_function_first(name, outer)) {
    delayedAssign(name, overlay_once(value, name, memo), assign.env = inner)
    return(invisible())
  }
  if (!name %in% memo$names) return(invisible())
  seen <- get0(name, envir = outer)
  if (!is.null(seen) && !is_base_function(seen)) makeActiveBinding(name, function() get(name, envir = outer), inner)
  invisible()
}

# Is the nearest thing of this name a function? A variable hides a helper of the same name that lies further out.
is_function_first <- function(name, env) {
  while (!exists(name, envir = env, inherits = FALSE)) env <- parent.env(env)
  exists(name, envir = env, mode = "function", inherits = FALSE)
}

is_base_function <- function(fn) is.function(fn) && is_base_home(frame_home(fn))

overlay_once <- function(fn, name, memo) {
  for (known in memo$done[[name]]) if (identical(known$fn, fn)) return(known$overlaid)
  entry <- list(fn = fn, overlaid = overlay_closure(fn, memo))
  memo$done[[name]] <- c(memo$done[[name]], list(entry))
  entry$overlaid
}

is_user_closure <- function(fn, memo) {
  if (typeof(fn) != "closure") return(FALSE)
  if (isTRUE(attr(fn, "reparam_traceable"))) return(TRUE)
  env <- environment(fn)
  if (identical(env, topenv())) return(FALSE)
  while (!identical(env, emptyenv())) {
    if (identical(env, globalenv())) return(TRUE)
    if (isNamespace(env)) return(identical(env, memo$home) && !is_base_home(env))
    if (!is.null(attr(env, "name"))) return(FALSE)
    if (exists(".trace_overlay", envir = env, inherits = FALSE)) return(FALSE)
    env <- parent.env(env)
  }
  FALSE
}

# Functions that reach the user's code as values: lists of helpers, arguments of lapply().
callable <- function(fn, frame) {
  if (is.character(fn) || is.symbol(fn)) fn <- get(as.character(fn), envir = frame, mode = "function")
  if (!is.function(fn)) fn <- match.fun(fn)
  memo <- trace_state$memo
  if (!is.null(memo) && is_user_closure(fn, memo)) overlay_once(fn, "*", memo) else overlaid_base(fn)
}

callable_head <- function(fn) if (is.function(fn)) callable(fn, parent.frame()) else fn

# The overlay's version of a function of base R that was given as a value.
overlaid_base <- function(fn) {
  if (!is.primitive(fn) && !isNamespace(environment(fn))) return(fn)
  for (name in overlay_names()) {
    if (identical(fn, overlay_original(name))) return(overlay_function(name))
  }
  fn
}

# ---- what is replaced ----

# The function of base R that an entry of the overlay stands for, NULL when there is none.
overlay_original <- function(name) {
  originals <- trace_state$originals
  if (is.null(originals)) {
    originals <- new.env(parent = emptyenv())
    for (entry in overlay_names()) {
      for (home in c("base", "stats", "utils", "methods")) {
        fn <- get0(entry, envir = getNamespace(home), mode = "function", inherits = FALSE)
        if (is.null(fn)) next
        assign(entry, fn, envir = originals)
        break
      }
    }
    trace_state$originals <- originals
  }
  originals[[name]]
}

overlay_names <- function() c(names(overlay_table()), names(lifted_functions()))

overlay_function <- function(name) {
  if (name %in% names(lifted_functions())) lifted(name) else overlay_table()[[name]]
}

overlay_table <- function() {
  if (is.null(trace_state$table)) trace_state$table <- make_overlay_table()
  trace_state$table
}

make_overlay_table <- function() {
  table <- list(
    .trace_overlay = TRUE,
    .trace_if = truth_for_if, .trace_while = truth_for_while, .trace_switch = value_for_switch, .trace_each = each_of,
    .trace_set = set_element, .trace_set2 = set_element2, .trace_set_array = set_elements,
    .trace_callable = callable_head,
    `.trace_at<-` = base::`[<-`, `.trace_at2<-` = base::`[[<-`,
    `[` = overlay_at, `[[` = overlay_at2, `[<-` = overlay_assign, `[[<-` = overlay_assign2,
    c = overlay_c, unlist = overlay_unlist, seq = overlay_seq, seq.int = overlay_seq, rep = overlay_rep,
    rep_len = overlay_rep_len, rep.int = overlay_rep_int, matrix = overlay_matrix, array = overlay_array,
    vapply = overlay_vapply, lapply = overlay_lapply, sapply = overlay_sapply, simplify2array = overlay_simplify,
    `&&` = traced_and, `||` = traced_or, xor = traced_xor, isTRUE = traced_isTRUE, isFALSE = traced_isFALSE,
    stopifnot = traced_stopifnot, ifelse = traced_ifelse, `::` = overlay_colons
  )
  for (name in c("sum", "prod", "max", "min", "range", "any", "all")) table[[name]] <- summary_of(name)
  table$pmax <- table$pmax.int <- extreme_by("max", pmax)
  table$pmin <- table$pmin.int <- extreme_by("min", pmin)
  table <- c(table, overlay_language(), overlay_matrices(), overlay_statistics())
  for (name in setdiff(names(untraceable), names(table))) {
    home <- if (exists(name, envir = baseenv(), inherits = FALSE)) baseenv() else getNamespace("stats")
    table[[name]] <- untraceable_stub(name, get(name, envir = home))
  }
  table
}

# `stats::dnorm(x)` means the overlay's dnorm(), too.
overlay_colons <- function(pkg, name) {
  pkg <- as.character(substitute(pkg))
  name <- as.character(substitute(name))
  fn <- getExportedValue(pkg, name)
  if (identical(fn, overlay_original(name))) return(overlay_function(name))
  memo <- trace_state$memo
  if (!is.null(memo) && is_user_closure(fn, memo)) overlay_once(fn, name, memo) else fn
}

# Small functions that look at classes or take functions.
overlay_language <- function() {
  list(
    is.double = function(x) is_traced(x) || is.double(x),
    is.complex = function(x) is.complex(x) && !has_codes(x),
    is.vector = function(x, mode = "any") {
      if (!has_codes(x)) return(is.vector(x, mode))
      mode %in% c("any", "numeric", "double") && is.null(dim(x))
    },
    is.object = function(x) !is_traced(x) && is.object(x),
    unclass = function(x) if (is_traced(x)) x else unclass(x),
    oldClass = function(x) if (is_traced(x)) NULL else oldClass(x),
    class = function(x) {
      if (!is_traced(x)) return(class(x))
      switch(min(length(dim(x)), 3L) + 1L, "numeric", "array", c("matrix", "array"), "array")
    },
    typeof = function(x) if (has_codes(x)) "double" else typeof(x),
    mode = function(x) if (has_codes(x)) "numeric" else mode(x),
    storage.mode = function(x) if (has_codes(x)) "double" else storage.mode(x),
    `storage.mode<-` = function(x, value) if (has_codes(x)) convert_codes(x, value) else `storage.mode<-`(x, value),
    `mode<-` = function(x, value) if (has_codes(x)) convert_codes(x, value) else `mode<-`(x, value),
    `attributes<-` = function(x, value) {
      if (has_codes(x)) shape_as(x, value[names(value) != "class"]) else `attributes<-`(x, value)
    },
    `class<-` = function(x, value) if (has_codes(x)) keep_class(x, value) else `class<-`(x, value),
    `oldClass<-` = function(x, value) if (has_codes(x)) keep_class(x, value) else `oldClass<-`(x, value),
    I = function(x) if (has_codes(x)) x else I(x),
    match.fun = function(FUN, descend = TRUE) callable(FUN, parent.frame(2L)),
    do.call = function(what, args, quote = FALSE, envir = parent.frame()) {
      do.call(callable(what, envir), as.list(args), quote, envir)
    },
    log = overlay_log, logb = overlay_log
  )
}

overlay_log <- function(x, base = exp(1)) {
  if (missing(base)) return(log(x))
  if (has_codes(base) || has_codes(x)) log(x) / log(base) else log(x, base)
}

keep_class <- function(x, value) {
  if (is.null(value) || all(value %in% c("numeric", "double", "matrix", "array"))) return(bless(x))
  trace_fail(
    sprintf("A traced value cannot have the class \"%s\".", value[1L]),
    "Put it into a list, and give the list the class."
  )
}

convert_codes <- function(x, mode) {
  switch(mode,
    numeric = , double = x,
    integer = trunc(x),
    logical = x != 0,
    list = as.list.rp(x),
    fail_function(paste0("as.", mode), x, "Only numbers can be traced.")
  )
}

# ---- base R functions that work once what they call is overlaid ----

# Written in R, in terms of what the overlay replaces: they are run as if they were the user's helpers.
lifted_functions <- function() {
  base <- c("outer", "%o%", "sweep", "scale.default", "apply", "mapply", "Map", "Reduce", "Filter", "Find", "Position",
    "Vectorize", "tapply", "append", "replace", "prop.table", "proportions", "marginSums", "margin.table", "rapply",
    "Negate", "by", "split<-.default", "unsplit", "by.default")
  stats <- c("ave", "toeplitz", "mahalanobis", "embed", "IQR")
  base <- base[vapply(base, exists, NA, envir = baseenv(), inherits = FALSE)]
  c(structure(rep("base", length(base)), names = base), structure(rep("stats", length(stats)), names = stats))
}

lifted <- function(name) {
  known <- trace_state$lifted
  if (is.null(known)) known <- trace_state$lifted <- new.env(parent = emptyenv())
  if (is.null(known[[name]])) {
    home <- getNamespace(lifted_functions()[[name]])
    fn <- get(name, envir = home, mode = "function")
    body(fn) <- rewrite(body(fn))
    environment(fn) <- lifted_env(home)
    known[[name]] <- fn
  }
  known[[name]]
}

# One environment for each namespace, between its functions and the namespace.
lifted_env <- function(home) {
  key <- paste0("env_", getNamespaceName(home))
  if (is.null(trace_state[[key]])) {
    env <- list2env(overlay_table(), parent = home)
    for (name in names(lifted_functions())) bind_lifted(name, env)
    trace_state[[key]] <- env
  }
  trace_state[[key]]
}

# ---- rewriting ----

quoting <- c("quote", "bquote", "substitute", "expression", "~", "Quote")

rewrite <- function(code) {
  if (!is.call(code)) return(code)
  head <- code[[1L]]
  name <- if (is.symbol(head)) as.character(head) else ""
  if (name %in% quoting) return(code)
  if (name == "function") return(rewrite_function(code))
  if (name %in% c("<-", "=")) {
    assignment <- rewrite_assignment(code)
    if (!is.null(assignment)) return(assignment)
  }
  for (k in seq_along(code)) if (is.call(code[[k]])) code[[k]] <- rewrite(code[[k]])
  switch(name,
    `if` = code[[2L]] <- call(".trace_if", code[[2L]]),
    `while` = code[[2L]] <- call(".trace_while", code[[2L]]),
    `for` = code[[3L]] <- call(".trace_each", code[[3L]]),
    switch = if (length(code) > 1L) code[[2L]] <- call(".trace_switch", code[[2L]])
  )
  if (is.call(head) && is.symbol(head[[1L]]) && as.character(head[[1L]]) %in% c("$", "[[", "@")) {
    code[[1L]] <- call(".trace_callable", code[[1L]])
  }
  code
}

rewrite_function <- function(code) {
  formals <- code[[2L]]
  for (k in seq_along(formals)) if (is.call(formals[[k]])) formals[[k]] <- rewrite(formals[[k]])
  if (!is.null(formals)) code[[2L]] <- formals
  code[[3L]] <- rewrite(code[[3L]])
  code
}

# `x[i] <- v` and `x[[i]] <- v` of a variable, NULL for any other assignment.
rewrite_assignment <- function(code) {
  place <- code[[2L]]
  if (!is.call(place) || !(identical(place[[1L]], quote(`[`)) || identical(place[[1L]], quote(`[[`)))) return(NULL)
  if (length(place) < 3L || !is.symbol(place[[2L]]) || !is.null(names(place))) return(NULL)
  indices <- as.list(place)[-(1:2)]
  empty <- vapply(indices, is_missing_argument, NA)
  dots <- vapply(indices, identical, NA, quote(...))
  single <- identical(place[[1L]], quote(`[[`))
  if (any(dots) || (length(indices) == 1L && empty) || (single && length(indices) > 1L)) return(NULL)
  indices[empty] <- TRUE
  setter <- if (length(indices) > 1L) ".trace_set_array" else if (single) ".trace_set2" else ".trace_set"
  as.call(c(list(as.name(setter), as.character(place[[2L]]), rewrite(code[[3L]])), lapply(indices, rewrite)))
}
