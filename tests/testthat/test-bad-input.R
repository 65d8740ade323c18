# Each bad input gives a clear error (or a warning, where the fit is still what was asked for), and R lives on.

two_sites <- model(function(y = NULL, s = 1) {
  mu ~ normal(0, 5)
  theta[1:3] ~ normal(mu, s)
  y ~ normal(theta, 1)
})
three <- list(y = c(1, 2, NA))

quick_fit <- function(model, data, ...) {
  fit_nuts(model, data, chains = 1, iter_warmup = 20, iter_sampling = 20, seed = 1, ...)
}

test_that("data that do not fit the model", {
  expect_error(quick_fit(two_sites, list(z = 1)), "no argument `z`", class = "reparam_error")
  expect_error(quick_fit(model(function(y, n) y ~ normal(0, n)), list(y = 1)), "`n`", class = "reparam_error")
  expect_error(quick_fit(two_sites, list(y = 1:2)), "y", class = "reparam_error")
  expect_error(quick_fit(model(function(x, y) y ~ normal(x, 1)), list(x = c(1, NA), y = c(0, 0))), "NA", class = "reparam_error")
})

test_that("parameters outside their support", {
  expect_error(quick_fit(model(function(y) y ~ normal(0, -1)), list(y = 1)), "sd.*-1", class = "reparam_error")
  negative <- model(function(y) {
    s ~ normal(-20, 0.01)
    y ~ normal(0, s - 10)
  })
  expect_error(quick_fit(negative, list(y = 1)), "`y`.*`sd`.*positive", class = "reparam_error")
})

test_that("a density that is finite nowhere", {
  impossible <- model(function(y) {
    p ~ beta(1, 1)
    y ~ uniform(0, p)
  })
  expect_error(quick_fit(impossible, list(y = 2)), "`y`", class = "reparam_error")
})

test_that("branching on a traced value", {
  branch <- model(function(y) {
    k ~ lognormal(0, 1)
    m <- if (k > 1) 1 else 2
    y ~ normal(m, 1)
  })
  expect_error(quick_fit(branch, list(y = 1)), "`k > 1`.*`k`", class = "reparam_error")
})

test_that("names: twice, unknown, and reparameterizers that cannot apply", {
  twice <- model(function(y) {
    a ~ normal(0, 1)
    a ~ normal(0, 2)
    y ~ normal(a, 1)
  })
  expect_error(quick_fit(twice, list(y = 1)), "`a`", class = "reparam_error")
  expect_warning(quick_fit(reparam(two_sites, thta = decenter()), three), "thta.*theta", class = "reparam_warning")
  rate <- model(function(y) {
    r ~ gamma(2, 1)
    y ~ poisson(r)
  })
  expect_error(quick_fit(reparam(rate, r = reparam_loc_scale(0)), list(y = 3)), "`r`.*gamma.*support", class = "reparam_error")
  expect_error(quick_fit(reparam(rate, r = reparam_transform()), list(y = 3)), "`r`.*gamma", class = "reparam_error")
})

test_that("more draws than memory", {
  expect_error(
    fit_nuts(two_sites, three, chains = 100000, iter_warmup = 1, iter_sampling = 1e9, thin = 1, seed = 1),
    class = "error"
  )
})

# Every list, vector and element of the spec is removed, and replaced by things that it is not; an optional field may be absent.
mutations <- function(spec, path = integer()) {
  x <- if (length(path)) spec[[path]] else spec
  out <- list()
  if (is.list(x)) for (i in seq_along(x)) {
    at <- c(path, i)
    out[[length(out) + 1]] <- list(at = at, value = NULL, remove = TRUE)
    for (value in list(-1, "x", list(), 1e18, NA, integer(0), list(1, 2)))
      out[[length(out) + 1]] <- list(at = at, value = value, remove = FALSE)
    if (length(at) < 5) out <- c(out, mutations(spec, at))
  }
  out
}

mutate <- function(spec, m) {
  edit <- function(x, at) {
    if (length(at) == 1) {
      if (m$remove) x[[at]] <- NULL else x[at] <- list(m$value)
      return(x)
    }
    x[[at[1]]] <- edit(x[[at[1]]], at[-1])
    x
  }
  structure(edit(unclass(spec), m$at), class = class(spec))
}

test_that("no malformed spec crashes the engine", {
  spec <- model_spec(reparam(two_sites, theta = decenter()), three)
  all <- mutations(unclass(spec))
  expect_gt(length(all), 100)
  outcome <- vapply(all, function(m) {
    tryCatch({
      .Call(ffi_log_density, mutate(spec, m), list(reparam = "minimal", prune = FALSE, seed = 1), numeric(5))
      "ran"
    }, reparam_error = function(e) "refused", error = function(e) conditionMessage(e))
  }, "")
  expect_setequal(unique(outcome), c("ran", "refused"))
})

test_that("a model function that is not the same each time it runs", {
  noisy <- model(function(y) {
    shift <- rnorm(1)
    y ~ normal(shift, 1)
  })
  expect_warning(model_spec(noisy, list(y = 1)), "random numbers", class = "reparam_warning")
  clash <- model(function(y) {
    draw("b[1]", dist_normal(0, 1))
    b[1:2] ~ normal(0, 1)
  })
  expect_error(model_spec(clash, list(y = 1)), "named like an element of the site `b`", class = "reparam_error")
})

test_that("data outside the support are named", {
  counts <- model(function(y) {
    rate ~ gamma(1, 1)
    y ~ poisson(rate)
  })
  expect_error(quick_fit(counts, list(y = c(2, 1.5))), "element 2.*1.5.*poisson", class = "reparam_error")
})

test_that("messages say what to write", {
  spec_of <- function(fn, ...) model_spec(model(fn), list(...))
  expect_error(spec_of(function(y) with_plate("p", 3, subsample = 0, function(i) y[i] ~ normal(0, 1)), y = 1:3),
               "at least 1", class = "reparam_error")
  expect_error(spec_of(function(n) z[1:n] ~ normal(0, 1), n = 0), "if \\(n > 0\\)", class = "reparam_error")
  expect_error(spec_of(function(y) y ~ gamma(rate = 2), y = 1), "`shape` of gamma\\(\\) is missing", class = "reparam_error")
  expect_error(quick_fit(two_sites, three, init = list(theta = 1)), "starting value", class = "reparam_error")
})
