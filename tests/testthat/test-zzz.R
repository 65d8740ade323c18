test_that("no export masks a function of base R, ggplot2 or dplyr", {
  own <- getNamespaceExports("reparam")
  for (package in c("base", "stats", "utils", "graphics", "grDevices", "methods", "ggplot2", "dplyr")) {
    if (!requireNamespace(package, quietly = TRUE)) next
    theirs <- if (package == "base") ls(baseenv(), all.names = TRUE) else getNamespaceExports(package)
    expect_equal(intersect(own, theirs), character(), info = package)
  }
})

test_that("an autoplot() method for lists that was there first stays", {
  skip_if_not_installed("ggplot2")
  home <- asNamespace("ggplot2")[[".__S3MethodsTable__."]]
  before <- get("autoplot.list", envir = home)
  withr::defer(assign("autoplot.list", before, envir = home))
  theirs <- function(object, ...) "theirs"
  assign("autoplot.list", theirs, envir = home)
  register_lazily("ggplot2", "autoplot", "list", autoplot.list)
  expect_identical(get("autoplot.list", envir = home), theirs)
})
