# Each in a model, since the messages name sites. k: a site; x: a site of three elements.
message_of <- function(body, helper = NULL) {
  scope <- new.env(parent = globalenv())
  if (!is.null(helper)) eval(helper, scope)
  code <- call("{", quote(k ~ normal(0, 1)), quote(x[1:3] ~ normal(0, 1)), call(":=", quote(z), body))
  fn <- eval(call("function", NULL, code))
  environment(fn) <- scope
  tryCatch(model_spec(model(fn)), error = function(e) {
    expect_s3_class(e, "reparam_error")
    conditionMessage(e)
  })
}

test_that("the thirteen constructs that cannot work each say what to write instead", {
  expect_match(
    message_of(quote(if (k > 1) 1 else 2)),
    "`if` needs one TRUE or FALSE, but `k > 1` depends on the site `k`.*ifelse\\(k > 1, a, b\\)"
  )
  expect_match(message_of(quote({ while (k > 1) k <- k - 1; k })), "`while` needs one TRUE or FALSE.*for. loop")
  expect_match(message_of(quote(x[x > 0])), "cannot be selected.*site `x`.*multiply by the comparison")
  expect_match(message_of(quote(x[order(x)])), "`order\\(\\)` needs numbers.*site `x`.*sort")
  expect_match(message_of(quote(which.max(x))), "`which.max\\(\\)`.*max\\(\\)")
  expect_match(message_of(quote(k %in% 1:2)), "`%in%` needs numbers.*==")
  expect_match(message_of(quote(nchar(paste("k", k)))), "`paste\\(\\)`.*Text cannot depend on sites")
  expect_match(message_of(quote(approx(1:3, x, 2.5)$y)), "`approx\\(\\)`.*interpolation as arithmetic")
  expect_match(message_of(quote(integrate(function(v) v * k, 0, 1)$value)), "`integrate\\(\\)`.*fixed grid")
  expect_match(message_of(quote(Re(fft(x)))), "`fft\\(\\)`.*sine and cosine")
  expect_match(message_of(quote(filter(x, 0.5))), "`filter\\(\\)`.*recursion")
  expect_match(message_of(quote(dist(x))), "`dist\\(\\)`.*outer")
  expect_match(message_of(quote(data.frame(a = x)$a)), "`data.frame\\(\\)`.*vectors, matrices or lists")
})

test_that("sizes, positions in lists, random numbers and text are refused", {
  expect_match(message_of(quote(seq_len(k))), "`seq_len\\(\\)`.*Sizes must be known")
  expect_match(message_of(quote(1:k)), "`:`.*Sizes must be known")
  expect_match(message_of(quote(rep(1, k))), "`rep\\(\\)`.*Sizes must be known")
  expect_match(message_of(quote(matrix(0, k, 2))), "`matrix\\(\\)`.*Sizes must be known")
  expect_match(message_of(quote(list(1, 2)[[k]])), "select from numbers only, not from a list")
  expect_match(message_of(quote(rnorm(1, k))), "`rnorm\\(\\)`.*Draw a site instead")
  expect_match(message_of(quote(switch(k, 1, 2))), "`switch\\(\\)`.*Index a vector")
  expect_match(message_of(quote(isTRUE(k > 1))), "`isTRUE\\(\\)` needs one TRUE or FALSE")
  expect_match(message_of(quote(x + "a")), "combined with text")
  expect_match(message_of(quote(c("a", k))), "combined with text|Text cannot")
})

test_that("the user's helper and its line are named", {
  path <- file_with("model.R", c(
    "decay <- function(k) {",
    "  v <- 1",
    "",
    "  if (k > 1) v else 0",
    "}"
  ))
  scope <- new.env(parent = globalenv())
  source(path, local = scope, keep.source = TRUE)
  fn <- function() {
    k_d ~ normal(0, 1)
    z := decay(k_d)
  }
  environment(fn) <- scope
  error <- tryCatch(model_spec(model(fn)), error = identity)
  expect_match(
    format(error),
    "Error in `decay()` at model.R:4:\n! `if` needs one TRUE or FALSE, but `k > 1` depends on the site `k_d`.",
    fixed = TRUE
  )
})

test_that("errors of base R on traced arguments are explained, errors of the user's own are not touched", {
  run <- function(fn) {
    overlaid <- trace_overlay(fn)
    trace_begin()
    on.exit(trace_end())
    tryCatch(trace_guarded(overlaid(trace_site(1, 1))), error = identity)
  }
  scope <- new.env(parent = globalenv())
  first <- function(k) strtoi(c("a", "b"), base = k)
  second <- function(k) stop("mine")
  environment(first) <- environment(second) <- scope
  expect_match(conditionMessage(run(first)), "failed \\(.*its argument `k` depends on sites")
  expect_identical(conditionMessage(run(second)), "mine")
})

test_that("what base R would answer from the codes, or give NA for, says what to write", {
  # each gives a number (or FALSE) in base R that is not about the values
  silent <- alist(
    is.unsorted(x), arrayInd(x, 6), bitwShiftL(1:6, x), bitwXor(1L, x), max.col(M), reorder(factor(1:6), x), rcond(M),
    wilcox.test(1:6, x)$p.value, var.test(x, 1:6)$p.value, t.test(x)$p.value, ks.test(x, "pnorm")$p.value,
    rep_len(1:3, s), rep.int(1:3, s), rep_len(x, s), round(x, s), signif(x, s), polyroot(c(s, 1)),
    psigamma(x, 1:2), qr.solve(M[, 1:2], x[1:3]), intToUtf8(x), deparse(x)
  )
  scope <- trace_scope()
  for (code in silent) {
    expect_error(traced_result(as_program(code, scope)), class = "reparam_error", info = deparse(code))
  }
})
