test_that("draw() takes computed names, data, shapes and elements", {
  spec <- model_spec(function() {
    x <- draw("x_1", dist_normal(0, 1))
    for (t in 2:3) x <- draw(paste0("x_", t), dist_normal(x, 1))
    draw("z", dist_normal(0, 1), dim = c(2, 3))
    draw("y", dist_normal(x, 1), obs = c(1, NA))
    for (i in 1:2) draw("e", dist_normal(0, 1), index = i, dim = 4)
  })
  expect_identical(statement_names(spec), c("x_1", "x_2", "x_3", "z", "y", "e"))
  expect_identical(statements_of(spec, "z")[[1]]$dim, c(2L, 3L))
  expect_identical(statements_of(spec, "y")[[1]]$observed, c(1, NA))
  expect_identical(lapply(statements_of(spec, "e"), `[[`, "element"), list(1L, 2L))
  expect_identical(statements_of(spec, "e")[[2]]$dim, 4L)
})

test_that("data, dim and arguments decide the shape, in this order", {
  dim_of <- function(fn, ...) model_spec(fn, list(...))$statements[[1]]$dim
  expect_identical(dim_of(function(y) y ~ normal(0, 1), y = matrix(1:6, 2)), c(2L, 3L))
  expect_identical(dim_of(function(mu) k ~ normal(mu, 1), mu = 1:4), 4L)
  expect_identical(dim_of(function(mu) k ~ normal(mu, c(1, 2)), mu = matrix(0, 2, 3)), c(2L, 3L))
  expect_identical(dim_of(function() k[1:4] ~ normal(c(0, 1), 1)), 4L)
  expect_identical(dim_of(function() k ~ expand(normal(0, 1), c(2, 2))), c(2L, 2L))
  expect_identical(dim_of(function() k ~ truncated(expand(normal(0, 1), c(2, 2)), lower = 0)), c(2L, 2L))
  expect_identical(dim_of(function() k ~ ordered(expand(normal(0, 1), 3))), 3L)
  expect_identical(dim_of(function() k ~ mixture(normal(1:3, 1), normal(0, 1), weights = c(1, 1))), 3L)
})

test_that("arguments are recycled as in R before they become rows", {
  spec <- model_spec(function() k[1:4] ~ normal(c(0, 5), 1))
  args <- spec$statements[[1]]$dist$args
  expect_identical(spec$nodes$n[c(args$mean, args$sd)], c(4, 1))
})

test_that("observed values are bound as data, partly observed ones as the site", {
  seen <- list()
  f <- function(a, b, g) {
    a ~ normal(0, 1)
    b ~ normal(0, 1)
    g ~ poisson(1)
    seen <<- list(a = a, b = is_traced(b), g = g)
  }
  environment(f) <- environment()
  model_spec(f, list(a = c(1, 2), b = c(1, NA), g = factor(c("u", "v"))))
  expect_identical(seen, list(a = c(1, 2), b = TRUE, g = c(1, 2)))
})

test_that("record() returns its value and keeps its shape", {
  spec <- model_spec(function() {
    k ~ normal(0, 1)
    a <- record("a", matrix(k * 1:4, 2))
    record("b", a[1, ])
    record("c", 3)
  })
  expect_identical(lapply(spec$statements[2:4], `[[`, "dim"), list(c(2L, 2L), 2L, 1L))
})

test_that("param() has a start and a support", {
  spec <- model_spec(function() {
    a <- param("a", c(1, 2))
    b <- param("b", 1, "positive")
    c <- param("c", 0.5, c(0, 1))
    d <- param("d", 2, c(1, Inf))
    e <- param("e", matrix(0, 2, 2))
  })
  supports <- lapply(spec$statements, `[[`, "support")
  expect_identical(supports, list(
    list(kind = "real"), list(kind = "positive"), list(kind = "interval", lower = 0, upper = 1),
    list(kind = "above a lower bound", lower = 1, upper = Inf), list(kind = "real")
  ))
  expect_identical(spec$statements[[1]]$init, c(1, 2))
  expect_identical(spec$statements[[5]]$dim, c(2L, 2L))
  expect_identical(spec$nodes$op[spec$statements[[1]]$node], "site")
})

test_that("log_factor() adds a row", {
  spec <- model_spec(function() {
    x[1:3] ~ normal(0, 1)
    log_factor("smooth", -sum(diff(x)^2))
  })
  expect_identical(spec$statements[[2]]$kind, "factor")
  expect_identical(spec$nodes$n[spec$statements[[2]]$node], 1)
})

test_that("scopes are entered and left around their statements, also nested", {
  spec <- model_spec(function(m) {
    with_scale(2, {
      with_mask(m, a ~ normal(c(0, 0), 1))
      b ~ normal(0, 1)
    })
  }, list(m = c(TRUE, FALSE)))
  expect_identical(
    vapply(spec$statements, `[[`, "", "kind"),
    c("enter", "enter", "draw", "leave", "draw", "leave")
  )
  expect_identical(vapply(spec$statements[1:2], `[[`, "", "scope"), c("scale", "mask"))
})

test_that("with_plate() gives sites its extents, the outermost first", {
  spec <- model_spec(function(y) {
    with_plate("rows", 3, function(i) {
      a ~ normal(0, 1)
      with_plate("columns", 2, function(j) {
        b ~ normal(a, 1)
        y ~ normal(b, 1)
      })
      c ~ normal(a, 1)
    })
  }, list(y = matrix(1:6, 3)))
  dims <- lapply(c("a", "b", "y", "c"), function(name) statements_of(spec, name)[[1]]$dim)
  expect_identical(dims, list(3L, c(3L, 2L), c(3L, 2L), 3L))
  plates <- Filter(function(s) identical(s$scope, "plate"), spec$statements)
  expect_identical(lapply(plates, `[`, c("name", "size")), list(
    list(name = "rows", size = 3L), list(name = "columns", size = 2L)
  ))
})

test_that("blocks return their value", {
  seen <- NULL
  model_spec(function() {
    seen <<- c(with_mask(TRUE, 1), with_scale(2, 3), with_plate("p", 2, function(i) i))
  })
  expect_identical(seen, c(1, 3, 1, 2))
})

test_that("wrong statements are refused", {
  spec_of <- function(fn) model_spec(fn)
  expect_snapshot(transform = without_lines, {
    show_error(draw("k", dist_normal(0, 1)))
    show_error(record("k", 1))
    show_error(param("k", 1))
    show_error(log_factor("k", 1))
    show_error(with_mask(TRUE, 1))
    show_error(with_scale(1, 1))
    show_error(with_plate("p", 1, identity))
    show_error(spec_of(function() draw("", dist_normal(0, 1))))
    show_error(spec_of(function() draw(c("a", "b"), dist_normal(0, 1))))
    show_error(spec_of(function() draw(strrep("a", 200), dist_normal(0, 1))))
    show_error(spec_of(function() draw("k", 3)))
    show_error(spec_of(function() draw("k", dist_normal(0, 1), dim = -1)))
    show_error(spec_of(function() draw("k", dist_normal(0, 1), obs = 1:3, dim = 2)))
    show_error(spec_of(function() draw("k", dist_normal(0, 1), obs = "a")))
    show_error(spec_of(function() draw("k", dist_normal(0, 1), obs = draw("j", dist_normal(0, 1)))))
    show_error(spec_of(function() draw("k", dist_normal(0, 1), index = 0)))
    show_error(spec_of(function() record("k", "a")))
    show_error(spec_of(function() record("k", NULL)))
    show_error(spec_of(function() param("k", NA)))
    show_error(spec_of(function() param("k", -1, "positive")))
    show_error(spec_of(function() param("k", 1, "round")))
    show_error(spec_of(function() log_factor("k", "a")))
    show_error(spec_of(function() with_mask(2, 1)))
    show_error(spec_of(function() with_scale(0, 1)))
    show_error(spec_of(function() with_plate("p", 0, identity)))
    show_error(spec_of(function() with_plate("p", 2, 3)))
    show_error(spec_of(function() with_plate("p", 3, function(i) draw("k", dist_normal(0, 1), dim = 2))))
  })
})

test_that("with_scale() multiplies the site's own log density, whatever coordinates it is sampled in", {
  m <- model(function() with_scale(0.3, tau ~ half_normal(2)))
  direct <- 0.3 * (log(2) + dnorm(exp(0.4), 0, 2, log = TRUE)) + 0.4
  expect_equal(as.numeric(log_density(m, values = 0.4, prune = FALSE)), direct, tolerance = 1e-12)
  # no draw from its distribution is one from a power of it, so that it is inferred although nothing depends on it
  expect_identical(attr(log_density(m, values = 0.4), "unconstrained"), c(tau = 0.4))

  h <- model(function(y) {
    s ~ half_normal(1)
    with_scale(2.5, {
      a[1:2] ~ normal(1, s)
      b ~ lognormal(0.3, s)
      g ~ gamma(2, s)
    })
    y ~ normal(a[1] + log(b) + g, 1)
  })
  data <- list(y = 1)
  expect_identity(h |> reparam(a = reparam_loc_scale(0), b = decenter()), data)
  expect_identity(h |> reparam(a = reparam_loc_scale(c(0.3, 1)), b = reparam_transform()), data)
  expect_identity(h |> reparam(b = decenter(0.4), g = reparam_explicit("exp", inverse = TRUE)), data)
  expect_identity(h |> reparam(a = reparam_haar(allow_batch = TRUE), g = reparam_split(1)), data)
})

test_that("integrating auxiliary sites out leaves the power of the density, latent or observed", {
  density <- function(m, data, reparam, values) {
    as.numeric(log_density(reparam(m, reparam), data, values, reparam = "none", prune = FALSE))
  }
  observed <- model(function(x) with_scale(0.4, x ~ student_t(3, 1, 2)))
  over_gamma <- function(u) vapply(u, function(u) exp(density(observed, list(x = 2.5), list(x = reparam_student_t()), u)), 0)
  direct <- (dt(0.75, 3) / 2)^0.4
  expect_equal(integrate(over_gamma, -12, 5, rel.tol = 1e-8)$value, direct, tolerance = 1e-6)
  latent <- model(function() with_scale(0.4, x ~ student_t(3, 1, 2)))
  at <- function(u) vapply(u, function(u) exp(density(latent, list(), list(x = reparam_student_t()), c(u, 2.5))), 0)
  expect_equal(integrate(at, -12, 5, rel.tol = 1e-8)$value, direct, tolerance = 1e-6)
  decentered <- list(x = reparam_chain(reparam_student_t(), reparam_loc_scale(0)))
  # z = (x - 1) sqrt(g) / 2 for x = 2.5, with dx / dz = 2 / sqrt(g) in the density of z
  at <- function(u) vapply(u, function(u) exp(density(latent, list(), decentered, c(u, 0.75 * exp(u / 2))) - log(2) + u / 2), 0)
  expect_equal(integrate(at, -12, 5, rel.tol = 1e-8)$value, direct, tolerance = 1e-6)
})
