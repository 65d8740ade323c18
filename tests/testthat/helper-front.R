# A file with the given lines, in a folder of its own so that it can have any name.
file_with <- function(name, lines) {
  folder <- tempfile("reparam")
  dir.create(folder)
  path <- file.path(folder, name)
  writeLines(lines, path)
  path
}

# Prints an error as an uncaught one would look.
show_error <- function(expr) {
  condition <- tryCatch(
    {
      expr
      NULL
    },
    error = identity
  )
  if (is.null(condition)) cat("no error\n") else cat(format_error(condition), "\n", sep = "")
}

format_error <- function(condition) {
  if (inherits(condition, "reparam_error")) format(condition) else paste("not ours:", conditionMessage(condition))
}

# Lines of the test file do not belong in snapshots.
without_lines <- function(lines) gsub(" at ((test|helper)-[a-z-]+\\.R:|line )[0-9]+", "", lines)

statement_names <- function(spec, kind = "draw") {
  of_kind <- Filter(function(s) s$kind == kind, spec$statements)
  unique(vapply(of_kind, `[[`, "", "name"))
}

statements_of <- function(spec, name) {
  Filter(function(s) identical(s$name, name), spec$statements)
}

# Paths of everything in a list that is not plain data.
not_plain <- function(x, path = "spec") {
  if (is.function(x) || is.environment(x) || is.language(x) || is.complex(x) || typeof(x) %in% c("externalptr", "S4")) {
    return(path)
  }
  inside <- c(if (is.list(x)) as.list(unclass(x)), attributes(x))
  unlist(lapply(seq_along(inside), function(k) not_plain(inside[[k]], paste0(path, "/", names(inside)[k]))))
}
