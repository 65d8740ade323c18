m <- model(function(x = NULL) x ~ lognormal(0.5, 0.3))

test_that("the auxiliary site is the transformed one, and the density identity holds", {
  r <- m |> reparam(x = reparam_explicit("exp", inverse = TRUE))
  expect_equal(value_when(r, "x", x_base = 0.3), exp(0.3), tolerance = 1e-14)
  expect_equal(density_at(r, list(x = 1.2)), dnorm(log(1.2), 0.5, 0.3, TRUE), tolerance = 1e-12)
  expect_identity(r)
  n <- model(function() x[1:2] ~ normal(1e6, 1e6))
  affine <- n |> reparam(x = reparam_explicit(list(transform_affine(c(-1, -2), 1e-6))))
  expect_equal(coordinates_at(affine, list(x = c(1e6, 3e6))), c(0, 1), tolerance = 1e-12)
  expect_identity(n |> reparam(x = reparam_explicit(list(transform_affine(1, 2), transform_exp()))))
})

test_that("an observed site keeps its density", {
  expect_equal(density_at(m |> reparam(x = reparam_explicit("exp", TRUE)), data = list(x = 1.2)), -0.4579516928, tolerance = 1e-9)
})

test_that("what cannot be is refused", {
  expect_snapshot(transform = without_lines, {
    show_error(reparam_explicit(3))
    show_error(reparam_explicit("exp", NA))
    cat(condition_text(density_at(m |> reparam(x = reparam_explicit(transform_affine(1:2, 1))), list(x = 1))))
    cat(condition_text(density_at(m |> reparam(x = reparam_explicit(transform_simplex())), list(x = 1))))
  })
})
