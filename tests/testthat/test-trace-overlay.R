source(test_path("trace-programs.R"), local = TRUE)

test_that("every program of the corpus gives R's values, or the error it must give", {
  for (name in names(trace_programs)) {
    fn <- trace_programs[[name]]
    environment(fn) <- globalenv()
    for (traced in list(c("x", "M", "s"), "x", "s")) {
      got <- error_or_value(traced_result(fn, inputs, traced))
      if (name %in% must_error && inherits(got, "error")) {
        expect_s3_class(got, "reparam_error")
      } else {
        expect(!name %in% must_error || length(traced) == 1L, sprintf("%s must fail", name))
        expect_same(fn, name, traced)
      }
    }
  }
})

# Helpers of the user's, in an environment below the global one.
user <- function(...) {
  scope <- new.env(parent = globalenv())
  for (code in eval(substitute(alist(...)))) eval(code, scope)
  scope
}

test_that("helpers are traced: nested, recursive, byte-compiled, called by name, kept in lists", {
  scope <- user(
    inner <- function(v) c(1, v),
    outer_helper <- function(v) inner(v) * 2,
    fib <- function(n, k) if (n < 2) k else fib(n - 1, k) + fib(n - 2, k),
    compiled <- compiler::cmpfun(function(n, k) {
      y <- numeric(n)
      for (i in 1:n) {
        if (i == 3) next
        y[i] <- k * i
      }
      y
    }),
    tools <- list(f = function(v) ifelse(v > 1, c(0, v), 0)),
    by_name <- function(v) do.call("inner", list(v)),
    maker <- function(k) function(v) c(v, k),
    as_value <- function(v) sapply(1:2, inner2 <- function(i) c(i, v))
  )
  run <- function(code) {
    fn <- eval(call("function", as.pairlist(alist(s = )), code))
    environment(fn) <- scope
    expect_equal(traced_result(fn, list(s = 1.5)), fn(1.5))
  }
  run(quote(outer_helper(s)))
  run(quote(fib(6, s)))
  for (i in 1:3) run(quote(compiled(5, s)))
  run(quote(tools$f(s)))
  run(quote(by_name(s)))
  run(quote(maker(s)(1)))
  run(quote(as_value(s)))
  run(quote(Recall_test <- sapply(c(1, 2), function(i) inner(s)[i])))
})

test_that("functions compiled just in time work, also loops with break and next", {
  fn <- function(s) {
    total <- 0
    i <- 0
    repeat {
      i <- i + 1
      if (i == 3) next
      if (i > 6) break
      total <- total + s * i
    }
    while (TRUE) {
      total <- total + 1
      if (total0 > 0) break
    }
    total
  }
  environment(fn) <- user(total0 <- 1)
  for (i in 1:4) expect_equal(traced_result(fn, list(s = 2)), fn(2))
})

test_that("what the user calls by a name of the overlay stays the user's", {
  scope <- user(
    beta <- c(10, 20), c0 <- 3,
    outer <- function(a, b) "mine",
    var <- function(v) v * 100
  )
  fn <- function(s) list(beta[2] * s, outer(s, s), var(s), beta(2, s))
  environment(fn) <- scope
  result <- with_traced(fn, numbers_of, list(s = 1.5))
  expect_equal(result, list(30, "mine", 150, base::beta(2, 1.5)))
})

test_that("nothing stays behind: search path, globals, options, the helper itself", {
  scope <- user(helper <- function(v) {
    y <- numeric(2)
    y[1] <- v
    y
  })
  before <- list(search(), ls(globalenv()), options(), scope$helper, ls(scope))
  fn <- function(s) helper(s)
  environment(fn) <- scope
  traced_result(fn, list(s = 1))
  environment(fn) <- scope
  bad <- function(s) helper(stop("on purpose"))
  environment(bad) <- scope
  expect_error(traced_result(bad, list(s = 1)), "on purpose")
  expect_equal(list(search(), ls(globalenv()), options(), scope$helper, ls(scope)), before)
  expect_false(trace_active())
  expect_equal(scope$helper(2), c(2, 0))
})

test_that("traceable() lets package code be traced, where plain package code fails", {
  package <- new.env(parent = baseenv())
  eval(quote(fill <- function(v) {
    y <- numeric(2)
    y[2] <- v
    y * 2
  }), package)
  attr(package, "name") <- "package:pretend"
  scope <- user(NULL)
  scope$fill <- package$fill
  fn <- function(s) fill(s)
  environment(fn) <- scope
  expect_error(traced_result(fn, list(s = 3)), "changed by code that does not know about tracing")
  scope$fill <- traceable(package$fill)
  expect_equal(traced_result(fn, list(s = 3)), c(0, 6))
  expect_equal(scope$fill(3), c(0, 6))
  expect_error(traceable(sum), "primitive")
  expect_error(traceable(3), "function")
})

test_that("calls with the package in front are replaced, too", {
  fn <- function(s) base::c(stats::dnorm(s), base::sum(1, s))
  environment(fn) <- globalenv()
  expect_equal(traced_result(fn, list(s = 1.5)), fn(1.5))
})

test_that("formulas and quoted code are left alone", {
  fn <- function(s) list(y ~ if (a) b else c, quote(x[i] <- 2), substitute(if (a) b, list(a = 1)), s * 2)
  environment(fn) <- globalenv()
  result <- with_traced(fn, numbers_of, list(s = 2))
  plain <- fn(2)
  expect_equal(deparse(result[[1]]), deparse(plain[[1]]))
  expect_equal(result[2:4], plain[2:4])
})

test_that("an interrupt while a model is traced leaves nothing behind", {
  before <- list(search(), options())
  # R's own interrupt condition, raised inside the model while the trace is open
  stopped <- model(function(y) {
    k ~ normal(0, 1)
    base::signalCondition(structure(class = c("interrupt", "condition"), list()))
    y ~ normal(k, 1)
  })
  result <- tryCatch(model_spec(stopped, list(y = 1)), interrupt = function(e) "interrupted")
  expect_identical(result, "interrupted")
  expect_identical(list(search(), options()), before)
  after <- model_spec(model(function(y) y ~ normal(0, 1)), list(y = 1))
  expect_length(after$statements, 1)
})

test_that("a variable hides a helper of the same name that lies further out", {
  d <- function(x) stop("not this one")
  inside <- local({
    d <- dist_normal(0, 1)
    model(function() draw("x", d))
  })
  expect_equal(as.numeric(log_density(inside, values = list(x = 1), prune = FALSE)), dnorm(1, log = TRUE))
  # and a function is still called by its name
  twice <- function(x) 2 * x
  m <- model(function() {
    x ~ normal(0, 1)
    y ~ normal(twice(x), 1)
  })
  expect_equal(as.numeric(log_density(m, values = list(x = 1, y = 2), prune = FALSE)), 2 * dnorm(0, log = TRUE) - 0.5)
})
