series <- c(1, 2, 4, 7, 11, 16, 22)
m <- model(function(x = NULL) x ~ independent(normal(0, rep(5, 7)), 1))

test_that("the golden transform", {
  expect_equal(coordinates_at(m |> reparam(x = reparam_discrete_cosine()), list(x = series)), c(
    23.8117617996, -18.4176740532, 4.4767935058, -1.8813018056, 0.954128947, -0.4999859856, 0.2189928279
  ), tolerance = 1e-9)
  expect_equal(coordinates_at(m |> reparam(x = reparam_discrete_cosine(smooth = 1)), list(x = series)), c(
    4.4037706666, -10.2185483071, 4.1397129888, -2.4355086547, 1.5881179199, -1.0171469038, 0.5265097391
  ), tolerance = 1e-9)
})

test_that("an observed site keeps its density, and the density identity holds", {
  m4 <- model(function(x = NULL) x ~ independent(normal(0, rep(0.5, 4)), 1))
  r <- m4 |> reparam(x = reparam_discrete_cosine(smooth = 0.7))
  expect_equal(density_at(r, data = list(x = 1:4 / 10)), -1.5031654106, tolerance = 1e-9)
  expect_equal(density_at(r, list(x = 1:4 / 10)), -1.5031654106, tolerance = 1e-9)
  expect_identity(r)
})

test_that("other supports, vectors, matrices along either dim", {
  f <- model(function() {
    a[1:2, 1:3] ~ lognormal(c(0, 1), 0.5)
    d ~ dirichlet(c(1, 2, 3))
    b[1:4] ~ uniform(c(1, 2, 3, 4), 7)
    w ~ gaussian_random_walk(8, 0.5)
    s ~ wishart(5, diag(2))
  })
  for (r in list(
    list(a = reparam_discrete_cosine(-1, 1, TRUE)), list(a = reparam_discrete_cosine(-2, 0, TRUE)), list(d = reparam_discrete_cosine()),
    list(b = reparam_discrete_cosine(allow_batch = TRUE)), list(w = reparam_discrete_cosine(smooth = 1))
  )) {
    expect_identity(do.call(reparam, c(list(f), r)))
  }
})

test_that("a random walk becomes white at smooth = 1", {
  w <- model(function(x = NULL) x ~ gaussian_random_walk(64, 1))
  d <- draws(prior_draws(w |> reparam(x = reparam_discrete_cosine(smooth = 1)), draws = 4000, seed = 1), "x_dct")
  sd <- apply(matrix(d, 4000), 2, sd)
  # all but the lowest coefficients, whose law depends on where the walk begins; sampling error of an sd is 1.1 %
  expect_lt(max(sd[10:60]) / min(sd[10:60]), 2)
})

test_that("what cannot be is refused", {
  expect_snapshot({
    cat(condition_text(density_at(model(function() x[1:4] ~ normal(0, 1)) |> reparam(x = reparam_discrete_cosine()), list(x = 1:4))))
    cat(condition_text(density_at(m |> reparam(x = reparam_discrete_cosine(-2)), list(x = series))))
    loop <- model(function() for (i in 1:3) x[i] ~ normal(0, 1))
    cat(condition_text(density_at(loop |> reparam(x = reparam_discrete_cosine(allow_batch = TRUE)), list(x = 1:3))))
    batch <- model(function() x[1:2, 1:3] ~ mvn(rep(0, 3), diag(3)))
    cat(condition_text(density_at(batch |> reparam(x = reparam_discrete_cosine(-2)), list(x = matrix(0, 2, 3)))))
    part <- m |> reparam(x = reparam_discrete_cosine())
    cat(condition_text(log_density(part, list(x = c(1, NA, 3:7)), list(x = 1:7))))
    show_error(reparam_discrete_cosine(1))
    show_error(reparam_discrete_cosine(smooth = "a"))
  })
})
