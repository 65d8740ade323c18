# Conditions of the package, in the three-part form
#
#   Error in `decay()` at model.R:4:
#   ! What is wrong, with the names the user knows.
#   i What to write instead.
#
# `call` says where the user stood: a call (its source reference gives the line), a string shown as it is, or NULL,
# which looks up the stack for the function that the user called or wrote; FALSE shows none. `where` ("file:line")
# overrides the source reference.

stop_reparam <- function(message, hint = NULL, site = NULL, call = NULL, class = NULL, where = NULL) {
  condition <- new_condition(message, hint, site, call, c(class, "reparam_error", "error"), where)
  signalCondition(condition)
  # Nobody caught it: R would print it in its own form, so print it here, then let stop() unwind.
  cat(format(condition), "\n", sep = "", file = stderr())
  old <- options(show.error.messages = FALSE)
  on.exit(options(old))
  class(condition) <- c("reparam_unhandled", "condition")
  stop(condition)
}

warn_reparam <- function(message, hint = NULL, site = NULL, call = NULL, class = NULL, where = NULL) {
  condition <- new_condition(message, hint, site, call, c(class, "reparam_warning", "warning"), where)
  warning(condition)
  invisible()
}

new_condition <- function(message, hint, site, call, class, where) {
  if (is.null(call)) {
    origin <- user_origin()
    call <- origin$call
    if (is.null(where)) where <- origin$where
  } else if (identical(call, FALSE)) {
    call <- NULL
  }
  if (is.null(where)) where <- source_line(call)
  message <- paste(message, collapse = "\n")
  notes <- as.character(hint)
  if (!is.null(site) && !grepl(site, message, fixed = TRUE)) notes <- c(sprintf("In site `%s`.", site), notes)
  structure(
    class = c(class, "condition"),
    list(
      message = paste(c(message, if (length(notes)) paste("i", notes)), collapse = "\n"),
      call = if (is.character(call)) str2lang_or_null(call) else plain_call(call),
      header = call_header(call, where), hint = hint, site = site
    )
  )
}

#' @export
format.reparam_error <- function(x, ...) {
  paste0(condition_header("Error", x), "\n! ", x$message)
}

#' @export
format.reparam_warning <- function(x, ...) {
  paste0(condition_header("Warning", x), "\n! ", x$message)
}

#' @export
print.reparam_error <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}

#' @export
print.reparam_warning <- print.reparam_error

condition_header <- function(kind, x) {
  if (nzchar(x$header)) paste0(kind, " in ", x$header, ":") else paste0(kind, ":")
}

# "`decay()` at model.R:4": a function call by its name, an operator such as `~` in full.
call_header <- function(call, where) {
  if (is.null(call)) return(if (is.null(where) || !nzchar(where)) "" else where)
  text <- if (is.character(call)) {
    call
  } else if (is.call(call) && is_function_call(call)) {
    paste0(call_text(call[[1]]), "()")
  } else {
    call_text(call)
  }
  text <- paste0("`", text, "`")
  if (is.null(where) || !nzchar(where)) text else paste(text, "at", where)
}

is_function_call <- function(call) {
  head <- call[[1]]
  !is.symbol(head) || make.names(as.character(head)) == as.character(head)
}

# One line of text for a call, cut where it would be too long to read.
call_text <- function(call, width = 70L) {
  text <- deparse(plain_call(call), width.cutoff = 500L)
  if (length(text) > 1L) text <- paste(trimws(text), collapse = " ")
  if (is.call(call) && identical(call[[1]], quote(`:=`)) && length(call) == 3L) {
    text <- paste(call_text(call[[2]], width), ":=", call_text(call[[3]], width))
  }
  if (nchar(text) > width) paste0(substr(text, 1L, width - 4L), " ...") else text
}

plain_call <- function(call) {
  if (is.call(call)) attr(call, "srcref") <- NULL
  call
}

str2lang_or_null <- function(text) {
  tryCatch(str2lang(text), error = function(e) NULL)
}

# "model.R:4" from the source reference that R keeps with a call ("line 4" when the code came from no file), NULL when
# it kept none.
source_line <- function(call) {
  ref <- if (inherits(call, "srcref")) call else attr(call, "srcref")
  if (!inherits(ref, "srcref")) return(NULL)
  file <- attr(ref, "srcfile")$filename
  no_file <- is.null(file) || !nzchar(file) || startsWith(file, "<")
  if (no_file) paste("line", ref[1]) else paste0(basename(file), ":", ref[1])
}

# Who should be told: the exported function that the user called, or, when an operation of our own went wrong inside the
# user's function (`if`, `[`, arithmetic), that function and the line where it stood.
user_origin <- function() {
  calls <- sys.calls()
  functions <- lapply(seq_along(calls), sys.function)
  homes <- lapply(functions, frame_home)
  own <- vapply(homes, identical, NA, topenv()) & !vapply(functions, is_traced_function, NA)
  # Frames of base R that lie between our own (tryCatch, lapply, ...) are nobody's.
  user <- which(!own & !vapply(homes, is_base_home, NA))
  user <- if (length(user)) max(user) else 0L
  entry <- which(own & seq_along(calls) > user)[1]
  if (is.na(entry)) return(NULL)
  entry <- calls[[entry]]
  call <- if (user == 0L || is_statement_call(entry)) entry else calls[[user]]
  list(call = call, where = source_line(entry))
}

frame_home <- function(fn) {
  if (is.primitive(fn)) baseenv() else topenv(environment(fn))
}

is_base_home <- function(home) {
  identical(home, baseenv()) ||
    (isNamespace(home) && getNamespaceName(home) %in% c("base", "stats", "utils", "methods", "compiler"))
}

# A function of the user's, seen through the overlay in which models run.
is_traced_function <- function(fn) {
  !is.primitive(fn) && identical(get0("~", envir = environment(fn)), tilde)
}

# What the user wrote as a call of ours: an exported function, or one of the two statements.
is_statement_call <- function(call) {
  head <- call[[1]]
  if (is.call(head) && length(head) == 3L) head <- head[[3]]
  if (!is.symbol(head)) return(FALSE)
  name <- as.character(head)
  name %in% c("~", ":=") || is_exported(name)
}

is_exported <- function(name) {
  home <- topenv()
  isNamespace(home) && name %in% getNamespaceExports(home)
}
