# Checks of the arguments of fits, guides and optimizers; each error names the argument.

check_number <- function(x, name, holds = function(x) TRUE, text = "finite") {
  if (!is.numeric(x) || length(x) != 1L || !is.finite(x)) {
    stop_reparam(sprintf("`%s` must be one number, not %s.", name, describe(x)))
  }
  if (!holds(x)) stop_reparam(sprintf("`%s` must be %s, but is %s.", name, text, format(x)))
  as.double(x)
}

check_whole <- function(x, name, min = 0, max = 1e9) {
  whole <- function(x) x == floor(x) && x >= min && x <= max
  check_number(x, name, whole, sprintf("a whole number from %s to %s", format(min), format(max)))
}

check_count <- function(x, name) {
  check_whole(x, name, 1)
}

check_flag <- function(x, name) {
  if (!is.logical(x) || length(x) != 1L || is.na(x)) {
    stop_reparam(sprintf("`%s` must be TRUE or FALSE, not %s.", name, describe(x)))
  }
  x
}

check_choice <- function(x, name, choices) {
  if (identical(x, choices)) return(choices[1])
  if (!is.character(x) || length(x) != 1L || !x %in% choices) {
    stop_reparam(sprintf("`%s` must be %s, not %s.", name, paste0("\"", choices, "\"", collapse = " or "), describe(x)))
  }
  x
}

check_sites <- function(x, name) {
  if (is.null(x)) return(NULL)
  if (!is.character(x) || anyNA(x)) stop_reparam(sprintf("`%s` must be names of sites, not %s.", name, describe(x)))
  unique(x)
}

# Methods must take `...`; what stands there by mistake is an error, not a silence.
check_no_dots <- function(...) {
  if (...length()) {
    extra <- names(list(...))
    extra <- if (is.null(extra)) "an argument without a name" else quote_names(extra[nzchar(extra)])
    stop_reparam(sprintf("Unknown argument: %s.", extra))
  }
}

quote_names <- function(x, limit = 8L) {
  shown <- paste0("`", x[seq_len(min(length(x), limit))], "`", collapse = ", ")
  if (length(x) > limit) paste0(shown, ", ...") else shown
}

# Numbers as text, each by itself, so that 0.01 beside 1e-8 stays 0.01.
format_each <- function(x, digits = 4L, ...) {
  vapply(x, format, "", digits = digits, ...)
}
