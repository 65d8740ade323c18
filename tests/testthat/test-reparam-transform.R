test_that("transform() takes apart lognormals and transformed distributions, with wrappers", {
  m <- model(function() {
    a ~ lognormal(0.5, 0.3)
    b[1:3] ~ transformed(normal(0, 1), list(transform_affine(1, 2), transform_exp()))
    c[1:2] ~ masked(transformed(normal(1, 2), "exp"), c(TRUE, FALSE))
    d[1:2] ~ transformed(masked(normal(1, 2), c(TRUE, FALSE)), "exp")
  })
  expect_identity(m |> reparam(a = reparam_transform(), b = reparam_transform()))
  r <- m |> reparam(c = reparam_transform(), d = reparam_transform())
  expect_true(all(c("c_base[1]", "d_base[1]") %in% names(attr(log_density(r, list(), rep(0, 6), prune = FALSE), "gradient"))))
})

test_that("conditioning on the site's own name is honoured", {
  # Pyro's issue 2878: the reparameterized model conditioned on x has the density of the model itself
  m <- model(function(y) {
    x ~ normal(0, 1)
    y ~ normal(x, 1)
  })
  own <- density_at(m |> condition(x = 1), data = list(y = 0))
  expect_equal(density_at(m |> reparam(x = decenter()) |> condition(x = 1), data = list(y = 0)), own)
  expect_equal(density_at(m |> condition(x = 1) |> reparam(x = decenter()), data = list(y = 0)), own)
})

test_that("a site that is no transformed one is refused", {
  m <- model(function() x ~ normal(0, 1)) |> reparam(x = reparam_transform())
  expect_snapshot(cat(condition_text(density_at(m, list(x = 1)))))
})
