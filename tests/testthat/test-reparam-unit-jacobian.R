rotation <- matrix(c(1, 1, -1, 1), 2) / sqrt(2)
m <- model(function(y) {
  b[1:2] ~ normal(c(0, 1), c(1, 2))
  y ~ normal(sum(b), 0.1)
})

test_that("the site is multiplied, under the name asked for", {
  r <- m |> reparam(b = reparam_unit_jacobian(rotation, "turned", allow_batch = TRUE))
  expect_equal(coordinates_at(r, list(b = c(1, 2)), list(y = 1)), as.numeric(rotation %*% c(1, 2)), tolerance = 1e-12)
  expect_identical(reparam_map(r, list(y = 1))$auxiliary[1], "b_turned")
  expect_identity(r, list(y = 1))
  shear <- matrix(c(1, 0, 3, 1), 2)
  expect_identity(m |> reparam(b = reparam_unit_jacobian(shear, allow_batch = TRUE)), list(y = 1))
})

test_that("what cannot be is refused", {
  expect_snapshot(transform = without_lines, {
    show_error(reparam_unit_jacobian(3))
    show_error(reparam_unit_jacobian(matrix(1, 2, 3)))
    show_error(reparam_unit_jacobian(diag(2) * 3))
    show_error(reparam_unit_jacobian(rotation, ""))
    cat(condition_text(density_at(m |> reparam(b = reparam_unit_jacobian(diag(3), allow_batch = TRUE)), list(b = 1:2), list(y = 1))))
    twice <- m |> reparam(b = reparam_haar(allow_batch = TRUE), b_haar = reparam_unit_jacobian(rotation))
    cat(condition_text(density_at(twice, list(b = 1:2), list(y = 1))))
  })
})
