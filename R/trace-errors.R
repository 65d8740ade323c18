# Errors of traced code. Each construct that cannot work on a traced value has its own hint.

# Called from C as well.
trace_fail <- function(message, hint = NULL) stop_reparam(message, hint)

trace_warn <- function(message) {
  warning(simpleWarning(message, plain_call(user_origin()$call)))
}

# "the site `k`", "the sites `a`, `b`" for site numbers.
sites_text <- function(numbers) {
  names <- unique(vapply(numbers, site_name, ""))
  shown <- paste0("`", utils::head(names, 3L), "`", collapse = ", ")
  if (length(names) > 3L) shown <- paste(shown, "and others")
  if (length(names) == 1L) paste("the site", shown) else paste("the sites", shown)
}

site_name <- function(number) {
  statement <- if (in_session()) the$session$statements[[as.character(number)]]
  if (is.null(statement$name)) paste0("#", number) else statement$name
}

depends_text <- function(x) {
  if (!has_codes(x)) return("is not known")
  if (!trace_active()) return("belongs to a model that is not running")
  sites <- trace_depends(x)
  if (!length(sites)) return("depends on the value or the arguments of a family")
  paste("depends on", sites_text(sites))
}

# what: "`if`"; expression: the user's code of the value.
fail_branch <- function(what, value, expression) {
  text <- call_text(expression)
  hint <- switch(what,
    "`if`" = sprintf("Use `ifelse(%s, a, b)`, or branch on data only.", text),
    "`while`" = "Use a `for` loop with a fixed number of steps, and `ifelse()` for what depends on sites.",
    sprintf("Use `ifelse(%s, a, b)`, or decide by data only.", text)
  )
  trace_fail(sprintf("%s needs one TRUE or FALSE, but `%s` %s.", what, text, depends_text(value)), hint)
}

# A function, or an argument of it, that needs numbers instead of a traced value.
fail_function <- function(name, value, hint) {
  shown <- if (make.names(name) == name) paste0(name, "()") else name
  trace_fail(sprintf("`%s` needs numbers, but its argument %s.", shown, depends_text(value)), hint)
}

# Functions that cannot work on traced values, with what to write instead.
order_hint <- paste(
  "The order of sites is not known while the model is written down: order by data, or use `sort()`, `max()`,",
  "`quantile()`, which work."
)
match_hint <- "Compare with `==` and combine by `ifelse()`, or match data only."
text_hint <- "Text cannot depend on sites: use data or loop indices in it; `print(x)` shows what a traced value is."
random_hint <- "Draw a site instead: `x ~ normal(mu, sd)`."
solver_hint <- "Write the steps as a `for` loop or as `Reduce(accumulate = TRUE)` with a fixed number of steps."
size_hint <- paste(
  "Sizes must be known while the model is written down: use data, or draw as many as there can be and mask some."
)
set_hint <- "Which elements are equal is not known while the model is written down: use data only."

untraceable <- list(
  order = order_hint, sort.list = order_hint, sort.int = order_hint, rank = order_hint,
  which.max = "Use `max()` for the greatest value; a position cannot depend on sites.",
  which.min = "Use `min()` for the least value; a position cannot depend on sites.",
  which = "Use `ifelse()` or multiply by the comparison: `sum(x * (x > 0))`.",
  `%in%` = match_hint, match = match_hint, is.element = match_hint,
  paste = text_hint, paste0 = text_hint, format = text_hint, formatC = text_hint, sprintf = text_hint, cat = text_hint,
  toString = text_hint, as.character = text_hint, nchar = text_hint, message = text_hint, prettyNum = text_hint,
  approx = "Write the interpolation as arithmetic: weights from data times the traced values, such as `w %*% y`.",
  approxfun = "Write the interpolation as arithmetic: weights from data times the traced values, such as `w %*% y`.",
  spline = "Build the basis from data (`splines::bs(x)`) and multiply: `basis %*% weights`.",
  splinefun = "Build the basis from data (`splines::bs(x)`) and multiply: `basis %*% weights`.",
  integrate = "Sum over a fixed grid: `sum(f(grid)) * width`.",
  fft = "Multiply by sine and cosine matrices of data: `cos(outer(k, t)) %*% x`.",
  mvfft = "Multiply by sine and cosine matrices of data: `cos(outer(k, t)) %*% x`.",
  convolve = "Multiply by a matrix of data, or write the sum as a `for` loop.",
  filter = "Write the recursion as a `for` loop or as `Reduce(accumulate = TRUE)`.",
  dist = "Compute distances as arithmetic: `sqrt(outer(x, x, \"-\")^2)`.",
  data.frame = "Keep traced values in vectors, matrices or lists.",
  as.data.frame = "Keep traced values in vectors, matrices or lists.",
  uniroot = solver_hint, optim = solver_hint, optimize = solver_hint, nlm = solver_hint, optimise = solver_hint,
  nlminb = solver_hint,
  lm.fit = solver_hint, smooth.spline = solver_hint,
  unique = set_hint, duplicated = set_hint, anyDuplicated = set_hint, table = set_hint, tabulate = set_hint,
  union = set_hint, intersect = set_hint, setdiff = set_hint, factor = set_hint, as.factor = set_hint,
  cut = set_hint, findInterval = set_hint, rle = set_hint, all.equal = set_hint, setequal = set_hint,
  rnorm = random_hint, runif = random_hint, rexp = random_hint, rgamma = random_hint, rbeta = random_hint,
  rpois = random_hint, rbinom = random_hint, rt = random_hint, rlnorm = random_hint, rcauchy = random_hint,
  rchisq = random_hint, rweibull = random_hint, rlogis = random_hint, rgeom = random_hint, rnbinom = random_hint,
  rmultinom = random_hint, sample = random_hint, sample.int = random_hint,
  qr = "Use `solve()` or `chol()`, which work.", lowess = solver_hint, density = set_hint, ecdf = set_hint,
  `:` = size_hint, seq_len = size_hint, numeric = size_hint, integer = size_hint, double = size_hint,
  logical = size_hint,
  vector = size_hint, cor.test = set_hint, as.Date = set_hint, is.unsorted = set_hint, arrayInd = set_hint,
  max.col = "Use `max()` of each row; a position cannot depend on sites.", reorder = set_hint,
  t.test = set_hint, wilcox.test = set_hint, var.test = set_hint, mood.test = set_hint, ks.test = set_hint,
  chisq.test = set_hint, friedman.test = set_hint, kruskal.test = set_hint, bartlett.test = set_hint,
  polyroot = solver_hint, rcond = "Use `eigen()` or `svd()`, which work.", ksmooth = solver_hint,
  bitwAnd = set_hint, bitwOr = set_hint, bitwXor = set_hint, bitwNot = set_hint, bitwShiftL = set_hint,
  bitwShiftR = set_hint, intToUtf8 = text_hint, deparse = text_hint, deparse1 = text_hint, dput = text_hint,
  mad = "Use `median(abs(x - median(x)))`.", fivenum = "Use `quantile()`, which works."
)

solvers <- c("integrate", "uniroot", "optim", "optimize", "optimise", "nlm", "nlminb")

# A stand-in for base R's function that fails when an argument is traced, or when a function given to it returns a
# traced value.
untraceable_stub <- function(name, fn) {
  force(name)
  force(fn)
  check <- function(value) if (has_codes(value)) fail_function(name, value, untraceable[[name]]) else value
  if (name %in% solvers) {
    return(function(...) {
      args <- lapply(list(...), function(x) {
        check(x)
        if (is.function(x)) function(...) check(x(...)) else x
      })
      do.call(fn, args, quote = TRUE)
    })
  }
  function(...) {
    if (.Call(ffi_trace_any, environment())) lapply(list(...), check)
    fn(...)
  }
}

# Runs a model: an error of base R in a call that has a traced argument says so.
trace_guarded <- function(expr) withCallingHandlers(expr, error = explain_error)

explain_error <- function(condition) {
  if (inherits(condition, c("reparam_error", "reparam_unhandled")) || !trace_active()) return(invisible())
  at <- innermost_overlaid()
  if (is.null(at)) return(invisible())
  call <- call_from(at, condition)
  if (!is.call(call) || !is_base_call(call, sys.frame(at))) return(invisible())
  names <- Filter(function(name) has_codes(get0(name, envir = sys.frame(at))), all.vars(call))
  if (!length(names)) return(invisible())
  form <- if (length(names) > 1L) "its arguments %s depend on sites" else "its argument %s depends on sites"
  arguments <- sprintf(form, paste0("`", names, "`", collapse = ", "))
  stop_reparam(
    sprintf("`%s` failed (%s); %s.", call_text(call), conditionMessage(condition), arguments),
    "This step needs numbers that are known before the model runs: data, sizes, loop indices.",
    call = sys.call(at), where = source_line(sys.call(at + 1L))
  )
}

# The call that failed as the user wrote it: a call of base R's inside a function that the user's frame called stands
# for that function's call.
call_from <- function(at, condition) {
  inner <- if (at < sys.nframe()) sys.call(at + 1L)
  handlers <- c("stop", ".handleSimpleError", "explain_error", "call_from")
  if (is.null(inner)) return(conditionCall(condition))
  handled <- is.symbol(inner[[1L]]) && as.character(inner[[1L]]) %in% handlers
  if (handled) conditionCall(condition) else inner
}

# Number of the innermost frame of the model's function or of a helper, NULL when there is none.
innermost_overlaid <- function() {
  for (at in rev(seq_len(sys.nframe()))) {
    env <- parent.env(sys.frame(at))
    while (!identical(env, globalenv()) && !identical(env, emptyenv()) && !isNamespace(env)) {
      overlaid <- exists(".trace_overlay", envir = env, inherits = FALSE)
      if (overlaid && !is_base_home(topenv(env))) return(first_of_frame(at))
      env <- parent.env(env)
    }
  }
  NULL
}

# eval() shows a frame again.
first_of_frame <- function(at) {
  frame <- sys.frame(at)
  for (i in seq_len(at)) if (identical(sys.frame(i), frame)) return(i)
}

# Whether the failing call is of base R or of the overlay, not one of the user's own functions.
is_base_call <- function(call, frame) {
  if (!is.symbol(call[[1L]])) return(FALSE)
  fn <- get0(as.character(call[[1L]]), envir = frame, mode = "function")
  if (is.null(fn)) return(FALSE)
  is_base_function(fn) || identical(frame_home(fn), topenv())
}
