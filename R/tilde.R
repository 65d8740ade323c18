# `~` and `:=` as they are bound while a model runs (and only then): another spelling of draw() and record().

tilde_bindings <- function() {
  list(`~` = tilde, `:=` = define)
}

tilde <- function(lhs, rhs) {
  call <- sys.call()
  frame <- parent.frame()
  if (length(call) != 3L || !in_session()) return(plain_formula(call, frame))
  dist <- right_side(call[[3]], call[[2]], frame)
  if (is.null(dist)) return(plain_formula(call, frame))
  session <- need_session("~")
  origin <- call_origin(call)
  target <- left_side(call[[2]], frame, "~", session)
  binding <- find_binding(session, target$name, frame)
  if (isTRUE(target$in_batch)) return(invisible(draw_in_batch(session, target, dist, binding, origin)))
  value <- if (is.null(target$index)) {
    draw_whole(session, target$name, dist, binding, origin)
  } else {
    draw_indexed(session, target, dist, binding, origin)
  }
  if (is.null(target$index)) {
    assign(target$name, value, envir = frame)
  } else {
    assign_indexed(target, value, binding, frame)
    site <- session$sites[[target$name]]
    site$frame <- frame
    site$last <- list(index = target$index, value = value)
  }
  invisible(value)
}

define <- function(lhs, rhs) {
  session <- need_session(":=")
  call <- sys.call()
  frame <- parent.frame()
  target <- left_side(call[[2]], frame, ":=")
  value <- rhs
  if (is.null(target$index)) {
    add_record(session, target$name, value, call_origin(call))
    assign(target$name, value, envir = frame)
  } else {
    record_later(session, target, frame, call_origin(call))
    assign_indexed(target, value, find_binding(session, target$name, frame), frame)
  }
  invisible(value)
}

plain_formula <- function(call, frame) {
  attributes(call) <- NULL
  structure(call, class = "formula", .Environment = frame)
}

# ---- the right side ----

# The distribution that the right side of `~` means, or NULL when it means none.
right_side <- function(rhs, lhs, frame) {
  if (is.symbol(rhs)) {
    value <- get0(as.character(rhs), envir = frame)
    return(if (is_dist(value)) value)
  }
  if (!is.call(rhs)) return(NULL)
  known <- recall(rhs)
  if (!is.null(known) && identical(known$frame, frame)) return(evaluate_dist(known, rhs, lhs))
  rewritten <- rewrite_dist(rhs, frame)
  if (!is.null(rewritten)) {
    # The tracer rewrites the user's code but not formulas, which this looked like.
    parts <- list(dist = rewritten, code = rewrite(rewritten), scope = dist_scope(rewritten, frame), frame = frame)
    do.call(remember, c(list(rhs), parts), quote = TRUE)
    return(evaluate_dist(parts, rhs, lhs))
  }
  check_known_function(rhs, lhs, frame)
  if (!may_give_dist(rhs[[1]], frame)) return(NULL)
  value <- tryCatch(eval(rhs, frame), error = function(e) if (inherits(e, "reparam_error")) stop(e))
  if (is_dist(value)) value
}

evaluate_dist <- function(parts, rhs, lhs) {
  value <- tryCatch(eval(parts$code, parts$scope), error = function(e) {
    # Arguments are evaluated deep inside our constructors; the user wants to see the statement.
    if (inherits(e, "reparam_error")) stop(e)
    stop_reparam(conditionMessage(e), sprintf("This happened in the distribution of `%s`.", call_text(lhs)))
  })
  if (is_dist(value)) return(value)
  name <- as.character(parts$dist[[1]])
  stop_reparam(
    sprintf("`%s` must give a distribution, but gave %s.", call_text(rhs), describe(value)),
    sprintf("`~` looked up `%s()`, which should end in one of the `dist_*` functions.", name)
  )
}

# `lognormal(a, b)` as `dist_lognormal(a, b)`, with the distribution arguments of a combinator rewritten likewise; NULL
# when there is no such function.
rewrite_dist <- function(call, frame) {
  if (!is.call(call) || !is.symbol(call[[1]])) return(NULL)
  name <- as.character(call[[1]])
  if (is.null(find_dist(name, frame))) {
    # dist_normal() itself, written in full
    if (!startsWith(name, "dist_") || is.null(find_dist(sub("^dist_", "", name), frame))) return(NULL)
    name <- sub("^dist_", "", name)
  }
  fn <- find_dist(name, frame)
  call[[1]] <- as.name(paste0("dist_", name))
  rewrite_arguments(call, fn, frame)
}

# Formals of combinators that take distributions.
dist_formals <- c("base", "d", "dist", "components", "...")

rewrite_arguments <- function(call, fn, frame) {
  if (!any(dist_formals %in% names(formals(fn)))) return(call)
  matched <- tryCatch(match.call(fn, call, expand.dots = FALSE), error = function(e) NULL)
  if (is.null(matched)) return(call)
  at <- intersect(dist_formals, names(matched))
  for (name in at) {
    if (name == "...") matched[[name]] <- lapply(matched[[name]], rewrite_or_keep, frame)
    else matched[[name]] <- rewrite_or_keep(matched[[name]], frame)
  }
  # match.call() collects the dots in one argument; put them back in place.
  dots <- matched[["..."]]
  if (!is.null(dots)) matched <- as.call(c(as.list(matched)[names(matched) != "..."], dots))
  matched
}

rewrite_or_keep <- function(argument, frame) {
  if (is.call(argument) && identical(argument[[1]], quote(list))) {
    return(as.call(c(quote(list), lapply(as.list(argument)[-1], rewrite_or_keep, frame))))
  }
  rewritten <- rewrite_dist(argument, frame)
  if (is.null(rewritten)) argument else rewritten
}

# This package's distribution comes first, then what is visible where the model was written.
find_dist <- function(name, frame) {
  constructor <- paste0("dist_", name)
  own <- get0(constructor, envir = topenv(), mode = "function", inherits = FALSE)
  if (!is.null(own)) return(own)
  get0(constructor, envir = frame, mode = "function")
}

# Where to evaluate: in the user's frame, below which our own constructors are bound when they are not what is seen
# there (the package is not attached, or another one has the same names).
dist_scope <- function(call, frame) {
  own <- list()
  for (name in grep("^dist_", all.names(call, unique = TRUE), value = TRUE)) {
    ours <- get0(name, envir = topenv(), mode = "function", inherits = FALSE)
    if (!is.null(ours) && !identical(ours, get0(name, envir = frame, mode = "function"))) own[[name]] <- ours
  }
  if (length(own)) list2env(own, parent = frame) else frame
}

# `y ~ nomral(mu, s)` would otherwise pass as a formula, and the site would silently be missing.
check_known_function <- function(rhs, lhs, frame) {
  head <- rhs[[1]]
  if (!is.symbol(head)) return(invisible())
  name <- as.character(head)
  if (make.names(name) != name || exists(name, envir = frame, mode = "function")) return(invisible())
  known <- sub("^dist_", "", grep("^dist_", ls(topenv()), value = TRUE))
  near <- known[utils::adist(name, known) <= max(1, nchar(name) %/% 3)]
  stop_reparam(
    sprintf("There is no distribution `%s()` for `%s`.", name, call_text(lhs)),
    if (length(near)) sprintf("Did you mean %s?", paste0("`", near, "()`", collapse = " or "))
    else sprintf("Define `dist_%s()`, or see the help pages on distributions for those that exist.", name)
  )
}

# Calls that may return a distribution: functions and selections of the user's, not the operators of a formula.
may_give_dist <- function(head, frame) {
  if (!is.symbol(head)) return(TRUE)
  name <- as.character(head)
  if (name %in% c("$", "[[", "@", "(", "{", "if")) return(TRUE)
  make.names(name) == name
}

# ---- the left side ----

# list(name, index, call, single): index is NULL for a bare name, else the evaluated indices, NULL for a missing one;
# single says that the brackets are double.
left_side <- function(lhs, frame, operator, session = NULL) {
  if (is.symbol(lhs) || is.character(lhs)) return(list(name = check_name(as.character(lhs))))
  indexed <- is.call(lhs) && is_subset_head(lhs[[1]]) && length(lhs) > 2L && is.symbol(lhs[[2]])
  if (!indexed) {
    stop_reparam(
      sprintf(
        "The left side of `%s` must be a name or an indexed name such as `x[i]`, not `%s`.", operator, call_text(lhs)
      ),
      sprintf("Use `%s` for computed names.", if (operator == "~") "draw(name, dist_...)" else "record(name, value)")
    )
  }
  name <- as.character(lhs[[2]])
  in_batch <- FALSE
  index <- vector("list", length(lhs) - 2L)
  for (k in seq_along(index)) {
    if (is_missing_argument(lhs[[k + 2L]])) next
    here <- eval(lhs[[k + 2L]], frame)
    is_batch <- !is.null(session) && is_batch_value(session, here)
    index[[k]] <- if (is_batch) here else check_index(here, name)
    in_batch <- in_batch || is_batch
  }
  if (in_batch) return(list(name = name, index = index, call = lhs, in_batch = TRUE))
  list(name = name, index = index, call = lhs, single = identical(lhs[[1]], quote(`[[`)))
}

is_subset_head <- function(head) {
  identical(head, quote(`[`)) || identical(head, quote(`[[`))
}

draw_whole <- function(session, name, dist, binding, origin) {
  obs <- if (binding$kind == "data") observed_numbers(binding$value, name, origin)
  draw_site(session, name, dist, obs, NULL, NULL, origin)
}

# `x[i] ~ ...`: draws the elements that the index selects. When they turn out to be all of the site, finish_sites()
# makes it an ordinary one.
draw_indexed <- function(session, target, dist, binding, origin) {
  name <- target$name
  extents <- index_extents(target, binding, origin)
  index <- positions_of(target$index, extents)
  obs <- NULL
  if (binding$kind == "data") obs <- observed_numbers(binding$value[index], name, origin)
  counts <- if (length(target$index) == 1L) length(index) else counts_of(target$index, extents)
  draw_site(session, name, dist, obs, counts, index, origin, extents)
}

# The extents of the whole array, as far as they are known where the statement stands.
index_extents <- function(target, binding, origin) {
  index <- target$index
  known <- if (binding$kind != "none") shape_of(binding$value)
  if (length(index) > 1L && !is.null(known) && length(known) != length(index)) {
    text <- sprintf("%s, but `%s` has %d indices", elements_text(known), call_text(target$call), length(index))
    stop_shape(
      target$name, text, origin, "Give one index for each extent, or a single one that counts through the columns."
    )
  }
  needed <- vapply(index, function(i) if (is.null(i)) 0L else max(i), 0L)
  if (is.null(known)) {
    if (any(needed == 0L)) {
      stop_reparam(
        sprintf("`%s` leaves out an index, but `%s` has no extents yet.", call_text(target$call), target$name),
        sprintf("Write the index, for instance `%s[1:3, 1:4]`.", target$name), site = target$name
      )
    }
    return(needed)
  }
  if (length(index) == 1L && length(known) == 1L && binding$kind == "storage") return(max(known, needed))
  beyond <- if (length(index) == 1L) needed > prod(known) else any(needed > known)
  if (beyond) {
    text <- sprintf("%s, but `%s` is drawn", elements_text(known), call_text(target$call))
    enough <- paste(pmax(known, needed), collapse = ", ")
    hint <- sprintf("Arrays do not grow: write `%s <- array(0, c(%s))` beforehand.", target$name, enough)
    stop_shape(target$name, text, origin, if (binding$kind == "storage") hint)
  }
  as.integer(known)
}

# Column-major positions, counted from 1, of the selected elements.
positions_of <- function(index, extents) {
  if (length(index) == 1L) return(if (is.null(index[[1]])) seq_len(prod(extents)) else index[[1]])
  positions <- 1L
  stride <- 1L
  for (k in seq_along(index)) {
    here <- if (is.null(index[[k]])) seq_len(extents[k]) else index[[k]]
    positions <- as.vector(outer(positions, (here - 1L) * stride, `+`))
    stride <- stride * extents[k]
  }
  as.integer(positions)
}

counts_of <- function(index, extents) {
  as.integer(ifelse(vapply(index, is.null, NA), extents, lengths(index)))
}

# `x[i] <- value` where the user would have written it. Elements that were observed hold their numbers already.
assign_indexed <- function(target, value, binding, frame) {
  if (binding$kind == "data" && !is_traced(value)) return(invisible())
  if (binding$kind == "none") {
    extents <- index_extents(target, binding)
    storage <- rep(NA_real_, prod(extents))
    if (length(extents) > 1L) dim(storage) <- extents
    assign(target$name, storage, envir = frame)
  }
  indices <- lapply(target$index, function(i) if (is.null(i)) TRUE else i)
  setter <- if (length(indices) > 1L) set_elements else if (target$single) set_element2 else set_element
  eval(as.call(c(list(setter, target$name, value), indices)), frame)
  invisible()
}

# `a[t] := e` fills the array where it stands and records it whole when the model has run.
record_later <- function(session, target, frame, origin) {
  name <- target$name
  claim_name(session, name, "record", TRUE, origin)
  earlier <- session$later[[name]]
  if (is.null(earlier)) session$later[[name]] <- list(frame = frame, origin = origin)
  else if (!identical(earlier$frame, frame)) stop_used_twice(name, earlier$origin, origin)
}
