test_that("draws() keeps the shape of the site", {
  fit <- mock_nuts(n = 6L, iterations = 20L)
  fit$sites[[3]]$dim <- c(2L, 3L)
  expect_equal(dim(draws(fit, "k")), c(20, 4))
  expect_equal(dim(draws(fit, "y")), c(20, 4, 6))
  a <- draws(fit, "a")
  expect_equal(dim(a), c(20, 4, 2, 3))
  expect_identical(a[5, 2, 2, 3], fit$draws$a[5, 2, 6])
  both <- draws(fit, "k", "a")
  expect_named(both, c("k", "a"))
  expect_identical(both$a, a)
  expect_named(draws(fit), c("k", "k_d", "a", "y"))
  expect_error(draws(fit, "b"), "no site `b`")
  expect_error(draws(fit, sits = "k"), "sits")
  expect_error(draws(fit, k), "k")
  expect_error(draws(1, "k"), "must be a fit")
})

test_that("as.array() has posterior's names, first index fastest", {
  fit <- mock_nuts(n = 6L, iterations = 10L)
  fit$sites[[3]]$dim <- c(2L, 3L)
  x <- as.array(fit, c("k", "a"))
  expect_equal(dim(x), c(10, 4, 7))
  expect_equal(dimnames(x)$variable, c("k", "a[1,1]", "a[2,1]", "a[1,2]", "a[2,2]", "a[1,3]", "a[2,3]"))
  expect_equal(unname(x[, , "a[2,3]"]), fit$draws$a[, , 6], ignore_attr = TRUE)
  expect_error(as.array(fit, "k", foo = 1), "foo")
  skip_if_not_installed("posterior")
  rvar <- posterior::draws_of(posterior::as_draws_rvars(posterior::as_draws_array(x))$a)
  expect_equal(unname(rvar[11, 2, 3]), fit$draws$a[1, 2, 6])
})

test_that("as.data.frame() takes the sites as its second argument", {
  fit <- mock_nuts(iterations = 10L)
  frame <- as.data.frame(fit, c("k", "k_d"))
  expect_named(frame, c(".chain", ".iteration", ".draw", "k", "k_d"))
  expect_equal(nrow(frame), 40)
  expect_identical(frame$k[frame$.chain == 3 & frame$.iteration == 4], fit$draws$k[4, 3, 1])
  expect_equal(as.data.frame(fit, sites = "a")$`a[2]`, as.vector(fit$draws$a[, , 2]))
})

test_that("observed values are put together from statements, elements and condition()", {
  y <- c(NA, 0.5, NA, 2)
  fit <- mock_nuts(y = y)
  expect_equal(observed_values(fit, "y"), y)
  expect_null(observed_values(fit, "k"))
  expect_equal(unique(as.vector(draws(fit, "y")[, , 4])), 2)
  fit$spec$statements[[4]]$observed <- NULL
  fit$spec$statements[[5]] <- c(fit$spec$statements[[4]], list(element = 3L, observed = 7))
  expect_equal(observed_values(fit, "y"), c(NA, NA, 7, NA))
  fit$spec$handlers <- list(list(kind = "condition", values = list(k = 1.5)))
  expect_equal(observed_values(fit, "k"), 1.5)
})

test_that("draws of an observed site are its data", {
  fit <- mock_nuts(y = c(1, 2, 3, 4), y_kind = "observed")
  fit$draws$y <- NULL
  expect_equal(draws(fit, "y")[7, 2, ], c(1, 2, 3, 4))
  expect_false("y" %in% names(draws(fit)))
})

test_that("a fit goes through saveRDS()", {
  fit <- mock_nuts()
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  expect_identical(readRDS(file), fit)
})
