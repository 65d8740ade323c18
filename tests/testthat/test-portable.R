# The workspace of these tests is that of R itself: names that nobody else has, removed at the end.
in_workspace <- function(..., env = parent.frame()) {
  values <- list(...)
  for (name in names(values)) {
    if (is.function(values[[name]])) environment(values[[name]]) <- globalenv()
    assign(name, values[[name]], envir = globalenv())
  }
  withr::defer(rm(list = intersect(names(values), ls(globalenv(), all.names = TRUE)), envir = globalenv()), envir = env)
}
workspace_model <- function(fn) {
  environment(fn) <- globalenv()
  model(fn)
}

test_that("a fit keeps what its model uses of the workspace: functions, theirs, values, distributions, families", {
  in_workspace(
    .shift = 2, .plus = function(x) x + .shift, .times = function(x, k) .plus(x) * k, .prior = dist_half_normal(2),
    dist_.own = function(m) dist_normal(m, .shift), .unused = 1:10, mu = 1:1000
  )
  m <- workspace_model(function(x, y = NULL) {
    a ~ .own(0)
    k ~ .prior
    mu := .times(x, a) + k
    y ~ normal(mu, 1)
  })
  expect_setequal(workspace_names(m), c(".shift", ".plus", ".times", ".prior", "dist_.own"))
  fit <- fit_nuts(m, list(x = 1:3, y = c(4, 5, 7)), chains = 1, iter_sampling = 50, seed = 1)
  vi <- fit_svi(m, list(x = 1:3, y = c(4, 5, 7)), steps = 20, seed = 1)
  again <- function(fits) {
    new <- posterior_predict(fits$fit, list(x = 1:5, y = NULL), seed = 1)
    list(draws(update(fits$fit, data = list(y = c(1, 2, 3)))), draws(new), draws(update(fits$vi)))
  }
  before <- again(list(fit = fit, vi = vi))
  file <- withr::local_tempfile()
  saveRDS(list(fit = fit, vi = vi), file)
  rm(list = c(".plus", ".prior", "dist_.own"), envir = globalenv())
  assign(".shift", 100, envir = globalenv())
  read <- readRDS(file)
  expect_identical(again(read), before)
  expect_identical(workspace_names(read$fit$model), character())
})

test_that("closures between the model and the workspace come along; what uses nothing stays as it is", {
  in_workspace(.shift = 2)
  make <- function(scale) {
    inner <- function(z) scale * z + .shift
    model(function(y) {
      a ~ normal(0, 1)
      y ~ normal(inner(a), 1)
    })
  }
  environment(make) <- globalenv()
  m <- make(3)
  expect_identical(workspace_names(m), ".shift")
  kept <- portable_model(m)
  assign(".shift", 50, envir = globalenv())
  expect_identical(environment(kept$fn)$inner(1), 5)
  expect_identical(environment(m$fn)$inner(1), 53)
  plain <- workspace_model(function(y) y ~ normal(0, 1))
  expect_identical(portable_model(plain), plain)
  expect_identical(workspace_names(list(1, function(x) undefined_anywhere(x))), character())
})

test_that("families written in R, which hold formals with empty defaults", {
  in_workspace(dist_.lomax = NULL, .pick = function(x) 2 * x)
  lomax <- new_family(".lomax", function(x, shape) log(shape) - (shape + 1) * log1p(x), support = "positive")
  assign("dist_.lomax", lomax, envir = globalenv())
  m <- workspace_model(function(y) {
    shape ~ lognormal(0, 1)
    y ~ .lomax(shape)
  })
  fit <- fit_nuts(m, list(y = c(0.5, 1, 2)), chains = 1, iter_warmup = 50, iter_sampling = 50, seed = 1)
  expect_true(all(is.finite(draws(fit, "shape"))))
  arguments <- formals(function(n, k = 1) NULL)
  expect_false(has_closure(arguments))
  expect_true(has_closure(c(arguments, list(mean))))
  m <- workspace_model(function(y) a ~ normal(.pick(y), 1))
  expect_identical(workspace_names(c(arguments, list(m$fn))), ".pick")
})
