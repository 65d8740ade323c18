test_that("guides are plain lists", {
  expect_s3_class(guide_normal(), "reparam_guide")
  mvn <- list(kind = "mvn", sites = c("k", "k_d"), init_scale = 0.5)
  expect_equal(unclass(guide_mvn("k", "k_d", init_scale = 0.5)), mvn)
  expect_equal(unclass(guide_lowrank(rank = 2)), list(kind = "lowrank", init_scale = 0.1, rank = 2))
  expect_equal(unclass(guide_delta("k")), list(kind = "delta", sites = "k"))
  expect_identical(guide_diagonal("k"), guide_normal("k"))
})

test_that("a list of guides is flat, its parts disjoint", {
  both <- guide_list(guide_mvn("k", "k_d"), guide_list(guide_delta("m"), guide_normal()))
  expect_equal(vapply(both$parts, `[[`, "", "kind"), c("mvn", "delta", "normal"))
  expect_equal(named_sites(both), c("k", "k_d", "m"))
  expect_output(print(both), 'guide_list(guide_mvn("k", "k_d"), guide_delta("m"), guide_normal())', fixed = TRUE)
  expect_type(unclass_guide(both)$parts[[1]], "list")
  expect_null(attributes(unclass_guide(both)$parts[[1]])$class)
  expect_error(guide_list(guide_mvn("k"), guide_normal("k")), "`k` stands in two parts")
  expect_error(guide_list(guide_mvn(), guide_normal()), "Two parts of the guide name no sites")
  expect_error(guide_list("k"), "not a guide")
  expect_error(guide_list(), "at least one")
})

test_that("bad arguments are named", {
  expect_error(guide_mvn(k), "k")
  expect_error(guide_mvn(sites = "k"), "`sites`")
  expect_error(guide_mvn("k", "k"), "`k` is named twice")
  expect_error(guide_lowrank(rank = 0), "`rank` must be a whole number")
  expect_error(guide_normal(init_scale = -1), "`init_scale` must be positive")
})

test_that("a Laplace approximation of a normal posterior is that posterior", {
  normal <- model(function(y) {
    a ~ normal(0, 2)
    b ~ normal(a, 1)
    y ~ normal(a + b, 0.5)
  })
  y <- c(1.2, 0.4, 2.1)
  fit <- fit_svi(normal, list(y = y), guide_laplace(), draws = 4000, seed = 1)
  # precision of (a, b): prior plus three observations of a + b with sd .5
  precision <- matrix(c(1 / 4 + 1, -1, -1, 1), 2) + 12
  covariance <- solve(precision)
  mean <- covariance %*% rep(sum(y) / 0.25, 2)
  expect_true(fit$converged)
  # the mode is exact to L-BFGS's tolerance, the Hessian to that of differences
  expect_equal(fit$params[1:2], as.vector(mean), tolerance = 1e-5)
  root <- t(chol(covariance))
  expect_equal(log1p(exp(fit$params[3:4])), diag(root), tolerance = 1e-5)
  expect_equal(fit$params[5], root[2, 1] / root[2, 2], tolerance = 1e-4)
  point <- fit_svi(normal, list(y = y), guide_delta(), optim_lbfgs(), draws = 5, seed = 1)
  expect_equal(as.vector(point$params), as.vector(mean), tolerance = 1e-5)
  expect_error(fit_svi(normal, list(y = y), guide_normal(), optim_lbfgs()), "guide_delta")
  expect_error(fit_svi(normal, list(y = y), guide_laplace(), optim_adam()), "optim_lbfgs")
})

test_that("a posterior without curvature has no Laplace approximation", {
  flat <- model(function(y) {
    a ~ normal(0, 1)
    log_factor("flat", 0.5 * a^2 + 0 * y)
  })
  expect_error(fit_svi(flat, list(y = 1), guide_laplace(), seed = 1), "curve down")
})
