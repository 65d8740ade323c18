m <- model(function(x = NULL) x ~ normal(c(0, 1, 2, 3, 4), c(1, 0.5, 2, 1, 3)))

test_that("the golden density, and parts of the asked lengths", {
  r <- m |> reparam(x = reparam_split(c(2, 3)))
  expect_equal(density_at(r, list(x = 1:5 / 10)), -11.4001105102, tolerance = 1e-9)
  expect_equal(density_at(r, list(x_split_0 = 1:2 / 10, x_split_1 = 3:5 / 10)), -11.4001105102, tolerance = 1e-9)
  expect_equal(density_at(r, data = list(x = 1:5 / 10)), -11.4001105102, tolerance = 1e-9)
  m4 <- model(function(x = NULL) x ~ normal(0, rep(0.5, 4)))
  expect_equal(density_at(m4 |> reparam(x = reparam_split(3)), list(x = 1:4 / 10)), -1.5031654106, tolerance = 1e-9)
  expect_identity(r)
  expect_identity(m |> reparam(x = reparam_split(2)))
})

test_that("matrices, bounded supports, and parts of a transformed series", {
  f <- model(function() {
    a[1:2, 1:3] ~ lognormal(c(0, 1), 0.5)
    b[1:4] ~ uniform(c(1, 2, 3, 4), 7)
    w ~ gaussian_random_walk(8, 0.5)
  })
  expect_identity(f |> reparam(a = reparam_split(c(1, 2))))
  expect_identity(f |> reparam(a = reparam_split(1, -2), b = reparam_split(c(3, 1))))
  expect_identity(f |> reparam(w = reparam_haar(), w_haar = reparam_split(c(2, 6))))
})

test_that("one part may be observed by its name", {
  r <- m |> reparam(x = reparam_split(c(2, 3))) |> condition(x_split_0 = c(0.1, 0.2))
  expect_equal(density_at(r, list(x_split_1 = 3:5 / 10)), -11.4001105102, tolerance = 1e-9)
})

test_that("what cannot be is refused", {
  expect_snapshot(transform = without_lines, {
    cat(condition_text(density_at(m |> reparam(x = reparam_split(c(2, 2))), list(x = 1:5))))
    cat(condition_text(density_at(m |> reparam(x = reparam_split(2, -2)), list(x = 1:5))))
    cat(condition_text(density_at(model(function() d ~ dirichlet(c(1, 2, 3))) |> reparam(d = reparam_split(1)), list(d = 1:3 / 6))))
    show_error(reparam_split(0))
  })
})
