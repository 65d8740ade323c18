m <- model(function(x = NULL) x ~ normal(1.5, 0.3))

test_that("log p(z) and x have the golden values, and log p(z) = log p(x) + (1 - c) log s", {
  golden <- list(list(0, 1.71, -1.1639385332), list(0.25, 1.6317420151, -0.7143673240), list(0.5, 1.4726138721, -0.3211187977))
  for (g in golden) {
    r <- m |> reparam(x = reparam_loc_scale(g[[1]]))
    expect_equal(value_when(r, "x", x_decentered = 0.7), g[[2]], tolerance = 1e-9)
    log_z <- density_at(r, list(x_decentered = 0.7))
    expect_equal(log_z, g[[3]], tolerance = 1e-9)
    expect_equal(log_z, dnorm(g[[2]], 1.5, 0.3, log = TRUE) + (1 - g[[1]]) * log(0.3), tolerance = 1e-9)
  }
})

test_that("an observed site keeps its density for any centering", {
  for (c in c(0, 0.25, 1)) {
    expect_equal(density_at(m |> reparam(x = reparam_loc_scale(c)), data = list(x = 1.2)), -0.2149657289, tolerance = 1e-9)
  }
  l <- model(function(x) x ~ lognormal(0.5, 0.3))
  expect_equal(density_at(l |> reparam(x = decenter()), data = list(x = 1.2)), -0.4579516928, tolerance = 1e-9)
  expect_equal(density_at(m |> reparam(x = reparam_loc_scale(0)) |> condition(x = 1.2)), -0.2149657289, tolerance = 1e-9)
})

test_that("every family with location and scale, any centering, also by element", {
  for (d in list(
    dist_normal(c(1, 2, 3), 2), dist_student_t(4, 1, c(1, 2, 3)), dist_cauchy(1, 2), dist_laplace(1, 2), dist_logistic(0, 2),
    dist_gumbel(1, 2)
  )) {
    f <- model(function() draw("x", d, dim = 3))
    expect_identity(f |> reparam(x = reparam_loc_scale(0)))
    expect_identity(f |> reparam(x = reparam_loc_scale(c(0, 0.4, 1))))
  }
})

test_that("centered = 1 keeps the site, whatever the fit's strategy", {
  h <- model(function(y) {
    tau ~ half_normal(1)
    theta[1:2] ~ normal(0, tau)
    y ~ normal(theta, 1)
  })
  map <- reparam_map(h |> reparam(theta = reparam_loc_scale(1)), list(y = c(1, 2)), reparam = "auto")
  expect_identical(map$kind[map$site == "theta"], "latent")
})

test_that("what cannot be is refused with names", {
  expect_snapshot({
    cat(condition_text(density_at(model(function() x ~ gamma(1, 1)) |> reparam(x = reparam_loc_scale(0)), list(x = 1))))
    cat(condition_text(density_at(model(function() x ~ lognormal(1, 1)) |> reparam(x = reparam_loc_scale(0)), list(x = 1))))
    cat(condition_text(density_at(m |> reparam(x = reparam_loc_scale(c(0, 1))), list(x = 1))))
    cat(condition_text(density_at(m |> reparam(x = reparam_loc_scale(0, "df")), list(x = 1))))
    t <- model(function() x ~ student_t(4, 0, 1))
    cat(condition_text(density_at(t |> reparam(x = reparam_loc_scale(0, character())), list(x = 1))))
  })
  expect_equal(density_at(model(function() x ~ student_t(4, 0, 2)) |> reparam(x = reparam_loc_scale(0, "df")), list(x = 1)),
    dt(0.5, 4, log = TRUE), tolerance = 1e-12)
})
