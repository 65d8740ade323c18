test_that("errors have the three-part form, with call, line, hint and site", {
  condition <- tryCatch(
    stop_reparam("`k` is wrong.", "Write this.", site = "k", call = quote(decay(1, 2)), where = "model.R:4"),
    error = identity
  )
  expect_s3_class(condition, c("reparam_error", "error", "condition"), exact = TRUE)
  expect_identical(format(condition), "Error in `decay()` at model.R:4:\n! `k` is wrong.\ni Write this.")
  expect_identical(conditionMessage(condition), "`k` is wrong.\ni Write this.")
  expect_identical(conditionCall(condition), quote(decay(1, 2)))
  expect_identical(condition$site, "k")
})

test_that("operators are shown in full, functions by name, long calls cut", {
  header <- function(call) call_header(call, NULL)
  expect_identical(header(quote(y ~ normal(0, 1))), "`y ~ normal(0, 1)`")
  expect_identical(header(quote(cat := decay(k))), "`cat := decay(k)`")
  expect_identical(header(quote(reparam::draw("k", d))), "`reparam::draw()`")
  expect_identical(header("as it is"), "`as it is`")
  long <- as.call(c(quote(y), rep(list(quote(argument)), 40)))
  expect_identical(nchar(call_text(long)), 70L)
  expect_match(call_text(long), " ...", fixed = TRUE)
})

test_that("a site that the message does not name is named in a note", {
  condition <- tryCatch(stop_reparam("Wrong.", site = "theta", call = FALSE), error = identity)
  expect_identical(format(condition), "Error:\n! Wrong.\ni In site `theta`.")
})

test_that("an extra class comes first, so that it can be caught by itself", {
  condition <- tryCatch(stop_reparam("Wrong.", class = "reparam_shape"), reparam_shape = identity)
  expect_s3_class(condition, c("reparam_shape", "reparam_error", "error", "condition"), exact = TRUE)
})

test_that("the line comes from the source reference of the call", {
  lines <- c("", "f <- function() sys.call()", "g <- function() {", "  f()", "}")
  file <- file_with("model.R", lines)
  scope <- new.env()
  source(file, local = scope, keep.source = TRUE)
  expect_identical(source_line(scope$g()), "model.R:4")
  expect_null(source_line(quote(f())))
})

test_that("the exported function that was called is named, not those inside it", {
  condition <- tryCatch(model_spec(3), error = identity)
  expect_match(format(condition), "^Error in `model_spec\\(\\)`")
  wrapper <- function(x) model_spec(x)
  environment(wrapper) <- globalenv()
  scope <- list2env(list(model_spec = model_spec), parent = globalenv())
  environment(wrapper) <- scope
  condition <- tryCatch(wrapper(3), error = identity)
  expect_match(format(condition), "^Error in `model_spec\\(\\)`")
})

test_that("an error inside the user's helper names the helper and its line", {
  file <- file_with("model.R", c(
    "decay <- function(k) {",
    "  if (k > 1) 2",
    "  k",
    "}",
    "m <- function() {",
    "  k ~ lognormal(0, 1)",
    "  decay(k)",
    "}"
  ))
  scope <- new.env(parent = globalenv())
  source(file, local = scope, keep.source = TRUE)
  condition <- tryCatch(model_spec(scope$m), error = identity)
  expect_match(format(condition), "^Error in `decay\\(\\)` at model.R:2:\n! `if` needs one TRUE or FALSE")
})

test_that("warnings have the same form and do not stop", {
  result <- withCallingHandlers(
    {
      warn_reparam("Careful.", "Look here.", call = quote(f(1)))
      "went on"
    },
    warning = function(w) {
      expect_s3_class(w, c("reparam_warning", "warning", "condition"), exact = TRUE)
      expect_identical(format(w), "Warning in `f()`:\n! Careful.\ni Look here.")
      invokeRestart("muffleWarning")
    }
  )
  expect_identical(result, "went on")
})

test_that("an error that nobody catches is printed in its form and ends the script", {
  skip_on_cran()
  skip_if(is.null(system.file(package = "reparam")) || !nzchar(system.file(package = "reparam")))
  script <- file_with("script.R", c(
    sprintf(".libPaths(c(%s))", paste(deparse(.libPaths()), collapse = "")),
    "reparam::model_spec(3)",
    "cat('went on')"
  ))
  rscript <- file.path(R.home("bin"), "Rscript")
  out <- suppressWarnings(system2(rscript, c("--vanilla", shQuote(script)), stdout = TRUE, stderr = TRUE))
  expect_match(out, "Error in `reparam::model_spec()`:", fixed = TRUE, all = FALSE)
  expect_match(out, "! `model` must be a model, not the value 3.", fixed = TRUE, all = FALSE)
  expect_false(any(grepl("went on", out)))
  expect_identical(attr(out, "status"), 1L)
})

test_that("options are as before after an error that unwinds", {
  before <- options("show.error.messages", "warn")
  try(stop_reparam("Wrong."), silent = TRUE)
  expect_identical(options("show.error.messages", "warn"), before)
})
