spec_of <- function(fn, ...) model_spec(fn, list(...))

test_that("`x ~ f()` is draw(\"x\", dist_f())", {
  tilde <- spec_of(function(y) {
    k ~ lognormal(0, 1)
    y ~ normal(log(k), 0.5)
  }, y = c(1, NA))
  explicit <- spec_of(function(y) {
    k <- draw("k", dist_lognormal(0, 1))
    draw("y", dist_normal(log(k), 0.5), obs = y)
  }, y = c(1, NA))
  plain <- function(spec) lapply(spec$statements, function(s) s[setdiff(names(s), c("call", "where"))])
  expect_identical(plain(tilde), plain(explicit))
  expect_identical(tilde$nodes, explicit$nodes)
})

test_that("`:=` records and assigns", {
  spec <- spec_of(function() {
    k ~ normal(0, 1)
    a := exp(k)
    b := a + 1
  })
  expect_identical(statement_names(spec, "record"), c("a", "b"))
  expect_identical(spec$statements[[2]]$call, "a := exp(k)")
})

test_that("only arguments observe; locals are storage", {
  spec <- spec_of(function(y) {
    theta <- rep(0, 3)
    theta[1:3] ~ normal(0, 1)
    x <- 5
    x ~ normal(0, 1)
    y ~ normal(sum(theta), 1)
  }, y = 1)
  observed <- vapply(spec$statements, function(s) !is.null(s$observed), NA)
  expect_identical(observed, c(FALSE, FALSE, TRUE))
  expect_identical(spec$statements[[1]]$dim, 3L)
  expect_null(spec$statements[[1]]$element)
})

test_that("NULL simulates, NA is unknown, all NA is unknown too", {
  f <- function(y = NULL) y ~ normal(c(0, 0, 0), 1)
  expect_null(spec_of(f)$statements[[1]]$observed)
  expect_null(spec_of(f, y = NULL)$statements[[1]]$observed)
  expect_null(spec_of(f, y = rep(NA, 3))$statements[[1]]$observed)
  expect_identical(spec_of(f, y = c(1, NA, 3))$statements[[1]]$observed, c(1, NA, 3))
})

test_that("an argument's default observes as well", {
  expect_identical(spec_of(function(y = c(1, 2)) y ~ normal(0, 1))$statements[[1]]$observed, c(1, 2))
})

test_that("an argument that was changed to other numbers observes these", {
  f <- function(y) {
    y <- y / 10
    y ~ normal(0, 1)
  }
  expect_identical(spec_of(f, y = c(10, 20))$statements[[1]]$observed, c(1, 2))
})

test_that("indexed draws of whole arrays have their shape", {
  spec <- spec_of(function() {
    tau ~ exponential(1)
    theta[1:8] ~ normal(0, tau)
    z[1:3, 1:4] ~ normal(0, 1)
    w <- matrix(0, 2, 2)
    w[, 1:2] ~ normal(0, 1)
  })
  dims <- lapply(spec$statements, `[[`, "dim")
  expect_identical(dims, list(1L, 8L, c(3L, 4L), c(2L, 2L)))
  expect_true(all(vapply(spec$statements, function(s) is.null(s$element), NA)))
})

walk <- function(n, s, x = NULL) {
  x[1] ~ normal(0, 1)
  for (t in 2:n) x[t] ~ normal(x[t - 1], s)
}

test_that("a random walk is one site: latent, observed, or partly NA", {
  latent <- spec_of(walk, n = 4, s = 1)
  expect_identical(statement_names(latent), "x")
  expect_identical(vapply(latent$statements, `[[`, 0L, "element"), 1:4)
  expect_identical(unique(lapply(latent$statements, `[[`, "dim")), list(4L))

  observed <- spec_of(walk, n = 4, s = 1, x = c(1, 2, 3, 4))
  expect_identical(vapply(observed$statements, `[[`, 0, "observed"), c(1, 2, 3, 4))
  means <- vapply(observed$statements, function(s) s$dist$args$mean, 0L)
  expect_identical(observed$nodes$op[means], rep("const", 4))

  partly <- spec_of(walk, n = 4, s = 1, x = c(1, NA, 3, 4))
  expect_identical(lapply(partly$statements, `[[`, "observed"), list(1, NULL, 3, 4))
  means <- vapply(partly$statements, function(s) s$dist$args$mean, 0L)
  expect_identical(partly$nodes$op[means], c("const", "const", "site", "const"))
})

test_that("storage that was made beforehand gives an element-wise site its shape", {
  spec <- spec_of(function() {
    x <- numeric(5)
    for (t in 2:4) x[t] ~ normal(x[t - 1], 1)
  })
  expect_identical(unique(lapply(spec$statements, `[[`, "dim")), list(5L))
  expect_identical(vapply(spec$statements[1:3], `[[`, 0L, "element"), 2:4)
  # What the storage holds elsewhere belongs to the site, too.
  expect_identical(spec$statements[[4]][c("kind", "name", "element")], list(kind = "record", name = "x", element = c(1L, 5L)))
})

test_that("elements over two indices, and blocks of elements", {
  spec <- spec_of(function(y) {
    z <- matrix(0, 2, 3)
    for (i in 1:2) for (j in 1:3) z[i, j] ~ normal(0, 1)
    u[1:2] ~ normal(0, 1)
    u[3:5] ~ normal(z[1, 1], 2)
    y[1:2] ~ normal(0, 1)
    y[3:4] ~ normal(1, 1)
  }, y = c(1, NA, 3, 4))
  z <- statements_of(spec, "z")
  expect_identical(vapply(z, `[[`, 0L, "element"), c(1L, 3L, 5L, 2L, 4L, 6L))
  expect_identical(unique(lapply(z, `[[`, "dim")), list(c(2L, 3L)))
  u <- statements_of(spec, "u")
  expect_identical(lapply(u, `[[`, "element"), list(1:2, 3:5))
  expect_identical(lapply(u, `[[`, "dim"), list(5L, 5L))
  expect_identical(lapply(statements_of(spec, "y"), `[[`, "observed"), list(c(1, NA), c(3, 4)))
})

test_that("loops inside functions see the model's arguments", {
  spec <- spec_of(function(y, n = length(y)) {
    mu ~ normal(0, 1)
    lapply(seq_len(n), function(i) y[i] ~ normal(mu, 1))
  }, y = c(1, 2))
  expect_identical(lapply(statements_of(spec, "y"), `[[`, "observed"), list(1, 2))
})

test_that("storage in local() is storage, and with() gives covariates", {
  spec <- spec_of(function(d, y) {
    b ~ normal(0, 1)
    local({
      u <- numeric(2)
      u[1:2] ~ normal(0, 1)
    })
    with(d, y ~ normal(b * x, 1))
  }, d = data.frame(x = 1:2), y = c(1, 2))
  expect_null(statements_of(spec, "u")[[1]]$observed)
  expect_identical(statements_of(spec, "y")[[1]]$observed, c(1, 2))
})

test_that("element-wise records are kept whole", {
  spec <- spec_of(function(n) {
    k ~ normal(0, 1)
    a <- numeric(n)
    for (t in 1:n) a[t] := k * t
  }, n = 3)
  expect_identical(statement_names(spec, "record"), "a")
  expect_identical(statements_of(spec, "a")[[1]]$dim, 3L)
})

test_that("only the head of the right side is looked up", {
  spec <- spec_of(function() b ~ beta(2, gamma(3)))
  args <- spec$statements[[1]]$dist$args
  expect_identical(spec$statements[[1]]$dist$family, "beta")
  expect_length(args, 2)
  # gamma() is base R's: gamma(3) = 2, the same constant as the other argument
  expect_identical(args[[1]], args[[2]])
})

test_that("variables, full names and user-defined families work", {
  dist_shifted <- function(by) dist_normal(by, 1)
  prior <- dist_lognormal(0, 1)
  priors <- list(a = dist_exponential(1))
  spec <- spec_of(function() {
    a ~ prior
    b ~ dist_normal(0, 1)
    c ~ shifted(2)
    d ~ priors$a
    e ~ reparam::dist_normal(0, 1)
  })
  families <- vapply(spec$statements, function(s) s$dist$family, "")
  expect_identical(families, c("lognormal", "normal", "normal", "exponential", "normal"))
})

test_that("combinators look up their distribution arguments, in any order", {
  spec <- spec_of(function(m) {
    a ~ transformed(normal(0, 1), "exp")
    b ~ transformed(transform = "exp", base = masked(normal(0, 1), m))
    c ~ masked(transformed(normal(0, 1), "exp"), m)
  }, m = c(1, 0))
  dists <- lapply(spec$statements, `[[`, "dist")
  expect_identical(dists[[1]]$base$family, "normal")
  expect_identical(dists[[1]]$transforms[[1]]$name, "exp")
  expect_identical(dists[[2]]$base$family, "masked")
  expect_identical(dists[[2]]$base$base$family, "normal")
  expect_identical(dists[[3]]$base$base$family, "normal")
  expect_identical(spec$statements[[2]]$dim, 2L)
})

test_that("this package's distributions are found whatever is attached or defined", {
  dist_normal <- function(...) stop("not this one")
  spec <- spec_of(function() a ~ normal(0, 1))
  expect_identical(spec$statements[[1]]$dist$family, "normal")
})

test_that("ordinary formulas stay formulas", {
  seen <- NULL
  spec_of(function(v) {
    k ~ normal(0, 1)
    f <- a ~ b + c
    g <- ~ x
    h <- y ~ .
    seen <<- list(f, g, h, stats::model.matrix(~ v, data.frame(v = v)))
  }, v = c(1, 2))
  expect_s3_class(seen[[1]], "formula")
  expect_identical(deparse(seen[[1]]), "a ~ b + c")
  expect_s3_class(seen[[2]], "formula")
  expect_s3_class(seen[[3]], "formula")
  expect_identical(dim(seen[[4]]), c(2L, 2L))
})

test_that("nothing is bound outside", {
  f <- function() {
    k ~ lognormal(0, 1)
    k
  }
  expect_error(f(), "'k' not found")
  expect_false(exists(":=", envir = globalenv(), mode = "function", inherits = FALSE))
  before <- search()
  model_spec(function() k ~ normal(0, 1))
  expect_identical(search(), before)
  expect_identical(`~`, base::`~`)
})

test_that("byte-compiled models work", {
  f <- compiler::cmpfun(function(y) {
    k ~ lognormal(0, 1)
    y ~ normal(k, 1)
  })
  expect_identical(statement_names(spec_of(f, y = 1)), c("k", "y"))
})

test_that("wrong statements are refused, naming site, statement and line", {
  observe <- function(y) y ~ normal(0, 1)
  expect_snapshot(transform = without_lines, {
    show_error(spec_of(function() k ~ nomral(0, 1)))
    show_error(spec_of(function() k ~ normal(0, -1)))
    show_error(spec_of(function() k ~ normal(0, "a")))
    show_error(spec_of(function() k ~ normal(0, undefined)))
    show_error(spec_of(function() log(k) ~ normal(0, 1)))
    show_error(spec_of(function() x[0] ~ normal(0, 1)))
    show_error(spec_of(function() x[, 1] ~ normal(0, 1)))
    show_error(spec_of(function(y) y[5] ~ normal(0, 1), y = 1:3))
    show_error(spec_of(function(y) y[1, 2] ~ normal(0, 1), y = 1:3))
    show_error(spec_of(function() {
      z ~ normal(0, 1)
      x[z] ~ normal(0, 1)
    }))
    show_error(spec_of(function() {
      k ~ normal(0, 1)
      k ~ normal(1, 1)
    }))
    show_error(spec_of(function() {
      k ~ normal(0, 1)
      k := 2
    }))
    show_error(spec_of(function() for (i in c(1, 2, 1)) k[i] ~ normal(0, 1)))
    show_error(spec_of(function() {
      x[1] ~ normal(0, 1)
      x ~ normal(0, 1)
    }))
    show_error(spec_of(function(y) observe(y), y = 1))
    show_error(spec_of(function(d) with(d, y ~ normal(0, 1)), d = data.frame(y = 1:3)))
    show_error(spec_of(function(y) {
      k ~ normal(0, 1)
      y <- y * k
      y ~ normal(0, 1)
    }, y = 1))
    show_error(spec_of(function(y) y ~ normal(0, c(1, 2)), y = 1:3))
    show_error(spec_of(function(y, mu) y ~ normal(mu, 1), y = 1:3, mu = rep(0, 500)))
    show_error(spec_of(function(y, mu) y ~ normal(mu, 1), y = 1:3, mu = c(0, NA, 0)))
    show_error(spec_of(function(y) y ~ normal(0, 1), y = c(1, NaN)))
    show_error(spec_of(function(y) y ~ normal(0, 1), y = numeric()))
  })
})

test_that("blocks of elements are fitted as one site, multivariate rows included", {
  skip_on_cran()
  halves <- model(function(y) {
    mu ~ normal(0, 1)
    nu ~ normal(0, 1)
    y[1:2] ~ normal(mu, 1)
    y[3:5] ~ normal(nu, 2)
  })
  fit <- fit_nuts(halves, list(y = c(1, NA, 3, 4, 5)), seed = 1)
  # Conjugate by hand: mu | 1 is N(1/2, 1/2); nu | 3, 4, 5 has precision 1 + 3/4 and mean (12/4)/1.75.
  # Bounds: 4 standard errors at 1000 effective draws.
  expect_equal(mean(draws(fit, "mu")), 0.5, tolerance = 4 * sqrt(1 / 2 / 1000) / 0.5)
  expect_equal(mean(draws(fit, "nu")), 3 / 1.75, tolerance = 4 * sqrt(1 / 1.75 / 1000) / (3 / 1.75))

  rows <- model(function() {
    z <- matrix(0, 2, 3)
    for (i in 1:2) z[i, ] ~ mvn(c(0, i, 2 * i), 1e-8 * diag(3))
  })
  values <- trace_model(rows, seed = 1)$value[[1]]
  # sd 1e-4: 6 numbers beyond 6 sd have probability 1e-8
  expect_lt(max(abs(values - cbind(c(0, 0), 1:2, c(2, 4)))), 6e-4)

  part <- model(function() {
    z <- matrix(0, 2, 3)
    z[1, 1:3] ~ mvn(c(0, 0, 0), diag(3))
    z[2, 1:2] ~ normal(0, 1)
  })
  expect_error(trace_model(part, seed = 1), class = "reparam_error")
})

test_that("different blocks of a site get different random numbers", {
  m <- model(function() {
    u[1:2] ~ normal(0, 1)
    u[3:4] ~ normal(0, 1)
  })
  u <- trace_model(m, seed = 1)$value[[1]]
  expect_identical(length(unique(u)), 4L)
})
