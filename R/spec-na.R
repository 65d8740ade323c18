# Missing numbers that reach the density by another way than as data of a site: a covariate with NA, or storage that was
# never filled. The engine would only find that nothing is finite.

# Stops at the first statement that has NA among the elements of an argument. Only R's NA counts; NaN may be meant, as
# in a branch of ifelse() that is not taken.
check_no_na <- function(nodes, statements) {
  if (!any(is_na_not_nan(nodes$number))) return(invisible())
  missing <- missing_elements(nodes)
  for (statement in statements) {
    check <- function(row, argument) check_row(row, argument, missing[[row]], statement)
    if (statement$kind == "draw") map_dist(statement$dist, check)
    if (statement$kind == "factor") check(statement$node, "value")
  }
}

check_row <- function(row, argument, at, statement) {
  if (any(at)) {
    where <- element_text(which(at), at)
    stop_reparam(
      sprintf("`%s` of `%s` is NA%s, where no site can take it.", argument, statement$name, where),
      c(
        "NA means unknown only in the data of a site: leave out these elements, or give them a site of their own.",
        if (anyNA(statement$observed)) {
          "Elements that depend on others of their site are drawn one at a time: `for (t in 2:n) y[t] ~ ...`."
        },
        beyond_end_hint
      ),
      site = statement$name, call = statement$call, where = statement$where
    )
  }
  row
}

beyond_end_hint <- "As in R, an element beyond the end of a vector is NA."

is_na_not_nan <- function(x) is.na(x) & !is.nan(x)

# Per node, which elements are NA whatever the sites are; NULL when none is, or when it is not known.
missing_elements <- function(nodes) {
  missing <- vector("list", length(nodes$op))
  input_start <- c(0L, nodes$input_end)
  number_start <- c(0L, nodes$number_end)
  for (i in seq_along(nodes$op)) {
    inputs <- nodes$input[seq_len(nodes$input_end[i] - input_start[i]) + input_start[i]]
    numbers <- nodes$number[seq_len(nodes$number_end[i] - number_start[i]) + number_start[i]]
    at <- missing_in(nodes$op[i], nodes$n[i], missing[inputs], nodes$n[inputs], numbers)
    if (any(at)) missing[[i]] <- at
  }
  missing
}

missing_in <- function(op, n, inputs, lengths, numbers) {
  if (op == "const") return(is_na_not_nan(numbers))
  if (all(vapply(inputs, is.null, NA)) || op %in% not_followed) return(NULL)
  inputs <- Map(function(at, n) if (is.null(at)) logical(n) else at, inputs, lengths)
  switch(op,
    gather = inputs[[1]][numbers + 1],
    slice = inputs[[1]][seq_len(n) + numbers[1]],
    concat = unlist(inputs),
    broadcast = rep_len(inputs[[1]], n),
    sum = any(inputs[[1]]),
    Reduce(`|`, lapply(inputs, rep_len, n))
  )
}

# Operations whose result may be a number although an input is NA, or of which only some elements are. All others but
# those above work element by element.
not_followed <- c(
  "select", "is_nan", "scatter", "gather_at", "scatter_at", "max_of", "min_of", "cumsum", "order", "matmul", "cholesky",
  "cholesky_adjoint", "tri_solve", "solve", "log_abs_det", "det", "eigen_symmetric", "svd", "scan", "affine_scan",
  "random"
)
