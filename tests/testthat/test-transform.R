test_that("transforms print what they are", {
  expect_output(print(transform_affine(1, 2)), "transform affine(loc = 1, scale = 2)", fixed = TRUE)
  expect_output(
    print(transform_compose(transform_affine(1, 2), transform_exp())),
    "transforms affine(loc = 1, scale = 2), then exp()", fixed = TRUE
  )
})

test_that("compositions are flat lists", {
  inner <- transform_compose(transform_exp(), transform_tanh())
  expect_length(transform_compose(inner, transform_sigmoid()), 3)
  expect_length(dist_transformed(dist_normal(), inner)$transforms, 2)
})

test_that("wrong arguments are errors", {
  expect_error(transform_affine(0, 0), "`scale` must not be 0", class = "reparam_error")
  expect_error(transform_power(0), "`exponent` must not be 0", class = "reparam_error")
  expect_error(transform_interval(2, 1), "`lower` must be below `upper`", class = "reparam_error")
  expect_error(transform_affine("a"), "`loc` must be numeric", class = "reparam_error")
})

test_that("densities through each elementwise transform are those of the change of variables", {
  u <- 0.7
  base <- dnorm(u, log = TRUE)
  at <- function(transform, x) site_log_density(dist_transformed(dist_normal(), transform), x)
  expect_equal(at(transform_affine(1, -2), 1 - 2 * u), base - log(2), tolerance = 1e-12)
  expect_equal(at(transform_sigmoid(), plogis(u)), base - dlogis(u, log = TRUE), tolerance = 1e-12)
  expect_equal(at(transform_interval(-1, 3), -1 + 4 * plogis(u)), base - dlogis(u, log = TRUE) - log(4),
    tolerance = 1e-12)
  expect_equal(at(transform_lower(2), 2 + exp(u)), base - u, tolerance = 1e-12)
  expect_equal(at(transform_upper(2), 2 - exp(u)), base - u, tolerance = 1e-12)
  expect_equal(at(transform_softplus(), log1p(exp(u))), base - plogis(u, log.p = TRUE), tolerance = 1e-12)
  expect_equal(at(transform_tanh(), tanh(u)), base - log(1 - tanh(u)^2), tolerance = 1e-12)
})

test_that("transforms of whole events make one event of a univariate distribution", {
  u <- c(0.1, 0.2, -0.3)
  d <- dist_transformed(dist_normal(c(0, 0, 0), 1), transform_ordered())
  expect_equal(dist_log_density(d, cumsum(c(u[1], exp(u[-1])))), sum(dnorm(u, log = TRUE)) - sum(u[-1]), tolerance = 1e-12)

  u <- c(0.3, -0.2)
  x <- exp(c(u, 0)) / sum(exp(c(u, 0)))
  d <- dist_transformed(dist_normal(c(0, 1), 1), transform_softmax())
  expect_equal(dist_log_density(d, x), sum(dnorm(u, c(0, 1), log = TRUE)) - sum(log(x)), tolerance = 1e-12)
  d <- dist_transformed(dist_mvn(c(0, 1), diag(2)), transform_softmax())
  expect_equal(dist_log_density(d, x), sum(dnorm(u, c(0, 1), log = TRUE)) - sum(log(x)), tolerance = 1e-12)

  # Row by row: (1,1), (2,1), (2,2), (3,1), .. of the factor; the diagonal through exp.
  u <- c(0.2, -0.5, 0.1, 0.3, 0.8, -0.4)
  factor <- rbind(c(exp(u[1]), 0, 0), c(u[2], exp(u[3]), 0), c(u[4], u[5], exp(u[6])))
  d <- dist_transformed(dist_normal(rep(0, 6), 1), transform_cholesky())
  expect_equal(dist_log_density(d, factor), sum(dnorm(u, log = TRUE)) - sum(u[c(1, 3, 6)]), tolerance = 1e-12)
  expect_identical(dim(dist_draw(d, 5, seed = 1)), c(5L, 3L, 3L))
  d <- dist_transformed(dist_normal(rep(0, 6), 1), transform_reshape(c(2, 3)))
  expect_identical(dim(dist_draw(d, 5, seed = 1)), c(5L, 2L, 3L))
})

test_that("orthogonal transforms and permutations keep lengths: white noise stays white", {
  x <- c(0.4, -1.2, 0.3, 2, -0.7, 0.1, 0.6)
  white <- sum(dnorm(x, log = TRUE))
  base <- dist_normal(rep(0, 7), 1)
  for (transform in list(transform_haar(), transform_haar(TRUE), transform_discrete_cosine(), transform_permute(7:1))) {
    expect_equal(dist_log_density(dist_transformed(base, transform), x), white, tolerance = 1e-12)
  }
  # The golden numbers of the transforms, seen through a delta-like density: x = T(u), u from the inverse.
  golden <- c(4.4037706666, -10.2185483071, 4.1397129888, -2.4355086547, 1.5881179199, -1.0171469038, 0.5265097391)
  d <- dist_transformed(base, transform_discrete_cosine(1))
  expect_equal(dist_log_density(d, golden), sum(dnorm(c(1, 2, 4, 7, 11, 16, 22), log = TRUE)), tolerance = 1e-8)
  haar <- dist_transformed(dist_normal(c(1, 2, 4, 7), 1e-3), transform_haar())
  expect_equal(dist_log_density(haar, c(7, -4, -sqrt(0.5), -sqrt(4.5))), 4 * dnorm(0, sd = 1e-3, log = TRUE), tolerance = 1e-12)
})

test_that("each row of a matrix is an event, its arguments beside it", {
  m <- model(function() P ~ transformed(normal(matrix(0, 4, 2), matrix((1:8) / 4, 4)), transform_softmax()))
  P <- draws(prior_draws(m, draws = 4000, seed = 1), "P")[, 1, , ]
  expect_identical(dim(P), c(4000L, 4L, 3L))
  expect_equal(rowSums(P[, 2, ]), rep(1, 4000), tolerance = 1e-12)
  # sd of log(P[, 1] / P[, 3]) is that of the first normal of each row: 1 / sqrt(8000) = 1.1 % standard error, 4 of them
  expect_equal(apply(log(P[, , 1] / P[, , 3]), 2, sd), (1:4) / 4, tolerance = 0.045)
  expect_equal(apply(log(P[, , 2] / P[, , 3]), 2, sd), (5:8) / 4, tolerance = 0.045)
})

test_that("sites with transforms of whole events pass the self-check, also reparameterized", {
  m <- model(function(y) {
    p ~ transformed(normal(c(0, 1), 1), transform_softmax())
    L ~ transformed(normal(rep(0, 3), 1), transform_cholesky())
    w ~ transformed(normal(rep(0, 8), 1), transform_haar())
    o ~ transformed(normal(rep(0, 3), c(1, 2, 3)), list(transform_permute(c(2, 3, 1)), transform_ordered()))
    y ~ normal(p[2] + L[2, 1] + w[1] + o[3], 1)
  })
  split <- m |> reparam(p = reparam_transform(), L = reparam_transform(), o = reparam_transform(), w = reparam_haar())
  expect_true(all(check_reparam(split, list(y = 1))$ok, na.rm = TRUE))
  point <- function(f) vapply(c("p", "L", "w", "o"), function(s) mean(draws(f, s)), 0)
  plain <- fit_nuts(m, list(y = 1), seed = 1, chains = 2)
  other <- fit_nuts(split, list(y = 1), seed = 2, chains = 2, reparam = "none")
  # Means of all elements of a site over 2000 draws; sd at most 1.5, effective draws at least 500: 4 x 0.095.
  expect_equal(point(plain)[1:3], point(other)[1:3], tolerance = 0.38)
})

test_that("shapes that do not fit are errors", {
  expect_snapshot(error = TRUE, {
    transform_permute(c(1, 1, 2))
    dist_log_density(dist_transformed(dist_normal(rep(0, 4), 1), transform_cholesky()), diag(2))
    dist_log_density(dist_transformed(dist_normal(rep(0, 3), 1), transform_permute(1:2)), 1:3)
    dist_log_density(dist_transformed(dist_normal(rep(0, 3), 1), transform_reshape(c(2, 2))), 1:3)
    transform_reshape(3)
  })
})

test_that("concatenated transforms act on parts of an event", {
  part <- transform_concat(transform_exp(), list(transform_affine(c(1, 2), 3), transform_tanh()), sizes = c(1, 2))
  expect_identical(
    format(part),
    "exp() of elements 1 to 1, then affine(loc = c(1, 2), scale = 3) of elements 2 to 3, then tanh() of elements 2 to 3"
  )
  u <- c(0.3, -0.4, 0.1)
  x <- c(exp(u[1]), tanh(c(1, 2) + 3 * u[2:3]))
  log_jacobian <- u[1] + sum(log(3) + log(1 - x[2:3]^2))
  d <- dist_transformed(dist_normal(c(0, 0, 0), 1), part)
  expect_equal(dist_log_density(d, x), sum(dnorm(u, log = TRUE)) - log_jacobian, tolerance = 1e-10)
  # and back
  d <- dist_transformed(dist_transformed(dist_normal(c(0, 0, 0), 1), part), transform_inverse(part))
  expect_equal(dist_log_density(d, u), sum(dnorm(u, log = TRUE)), tolerance = 1e-10)
  nested <- transform_concat(transform_tanh(), transform_concat(transform_ordered(), transform_exp(), sizes = c(2, 1)),
    sizes = c(1, 3))
  expect_match(format(nested), "ordered() of elements 2 to 3, then exp() of elements 4 to 4", fixed = TRUE)
  m <- model(function(y) {
    a ~ transformed(normal(rep(0, 4), 1), nested)
    b ~ transformed(normal(matrix(0, 5, 3), 1), part)
    y ~ normal(a[1] + a[4] + b[2, 1], 1)
  })
  expect_true(all(check_reparam(m |> reparam(a = reparam_transform(), b = reparam_transform()), list(y = 1))$ok, na.rm = TRUE))
  b <- draws(prior_draws(m, list(y = 1), draws = 500, seed = 1), "b")
  expect_identical(dim(b), c(500L, 1L, 5L, 3L))
  # means of tanh(1 + 3 u) and exp(u) over 2500 draws, 4 standard errors
  expect_equal(mean(b[, , , 1]), exp(0.5), tolerance = 4 * 2.2 / 50 / exp(0.5))
  want <- integrate(function(u) tanh(1 + 3 * u) * dnorm(u), -8, 8)$value
  expect_lt(abs(mean(b[, , , 2]) - want), 4 * 0.9 / 50)
})

test_that("parts that do not fit are errors", {
  expect_snapshot(error = TRUE, {
    transform_concat(transform_simplex(), sizes = 2)
    transform_concat(transform_exp(), sizes = c(1, 2))
    dist_log_density(dist_transformed(dist_normal(c(0, 0), 1), transform_concat(transform_exp(), sizes = 3)), 1:2)
    reparam_explicit(transform_concat(transform_exp(), sizes = 2))
  })
})
