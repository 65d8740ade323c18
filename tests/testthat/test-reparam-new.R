two <- new_reparam(function(site) {
  if (site$observed) return(NULL)
  rate <- site$dist$args$rate
  a <- draw(paste0(site$name, "_a"), dist_exponential(rate / 2), dim = site$dim)
  b <- draw(paste0(site$name, "_b"), dist_exponential(rate / 2), dim = site$dim)
  list(dist = NULL, value = pmin(a, b))
})
heavy <- new_reparam(function(site) {
  args <- site$dist$args
  gamma <- draw(paste0(site$name, "_gamma"), dist_gamma(args$df / 2, args$df / 2), dim = site$dim)
  list(dist = dist_normal(args$location, args$scale / sqrt(gamma)))
})
m <- model(function(y = NULL) {
  wait ~ exponential(0.5)
  y ~ normal(wait, 1)
})

test_that("auxiliary sites become statements, and no function stays", {
  spec <- model_spec(m |> reparam(wait = two), list(y = 2))
  expect_identical(statement_names(spec), c("wait_a", "wait_b", "y"))
  expect_identical(statement_names(spec, "record"), "wait")
  expect_null(not_plain(unclass(spec)))
  map <- reparam_map(m |> reparam(wait = two), list(y = 2))
  expect_identical(map$auxiliary[map$site == "wait"], "wait_a, wait_b")
  expect_identity(m |> reparam(wait = two), list(y = 2), applies = c("gradient", "support", "distribution"))
})

test_that("an observed site may change its distribution", {
  t <- model(function(x = NULL) x ~ student_t(4, 0.5, 2))
  own <- log_density(t |> reparam(x = heavy), list(x = -0.4), list(x_gamma = 1.3))
  expect_identical(own, log_density(t |> reparam(x = reparam_student_t()), list(x = -0.4), list(x_gamma = 1.3)))
  by_handler <- log_density(t |> reparam(x = heavy) |> condition(x = -0.4), list(), list(x_gamma = 1.3))
  expect_equal(as.numeric(by_handler), as.numeric(own))
})

test_that("NUTS, SVI and prediction use them", {
  r <- m |> reparam(wait = two)
  # exact posterior mean: a normal(2 - 0.5, 1) truncated to the positive numbers
  exact <- 1.5 + dnorm(1.5) / pnorm(1.5)
  fit <- fit_nuts(r, list(y = 2), chains = 2, adapt_delta = 0.95, seed = 1)
  expect_within_mcse(draws(fit, "wait"), exact, times = 5)
  expect_identical(dim(draws(posterior_predict(fit), "y"))[1:2], dim(draws(fit, "wait"))[1:2])
  approximate <- fit_svi(r, list(y = 2), steps = 200, seed = 1)
  expect_true(all(draws(approximate, "wait") > 0))
})

test_that("values set under the site's name come first", {
  fixed <- model_spec(m |> reparam(wait = two) |> intervene(wait = 1), list(y = 2))
  expect_identical(statement_names(fixed), c("wait", "y"))
  observed <- model_spec(m |> reparam(wait = two) |> condition(wait = 1), list(y = 2))
  expect_identical(statement_names(observed), c("wait", "y"))
})

test_that("a wrong one is found out", {
  wrong <- new_reparam(function(site) list(dist = NULL, value = 2 * draw(paste0(site$name, "_z"), dist_normal(0, 1))))
  n <- model(function(y) {
    x ~ normal(0, 1)
    y ~ normal(x, 1)
  })
  result <- check_reparam(n |> reparam(x = wrong), list(y = 1))
  expect_identical(result$ok[match(c("density", "distribution"), result$check)], c(FALSE, FALSE))
})

test_that("what is wrong is named", {
  returns <- function(x) m |> reparam(wait = new_reparam(function(site) x))
  expect_snapshot(transform = without_lines, {
    show_error(new_reparam(3))
    show_error(model_spec(returns(3), list(y = 1)))
    show_error(model_spec(returns(list(value = c(1, 2))), list(y = 1)))
    show_error(model_spec(returns(list(dist = 3)), list(y = 1)))
    loop <- model(function() for (i in 1:2) x[i] ~ normal(0, 1)) |> reparam(x = two)
    show_error(model_spec(loop))
    cat(condition_text(model_spec(m |> reparam(w = two), list(y = 1))))
    part <- model(function(x) x ~ exponential(rep(1, 2))) |> reparam(x = two)
    cat(condition_text(model_spec(part, list(x = c(1, NA)))))
  })
})

test_that("a function is refused where the site is scaled", {
  m <- model(function() with_scale(2, x ~ normal(0, 1)))
  same <- new_reparam(function(site) list(dist = dist_normal(0, 1)))
  expect_error(model_spec(m |> reparam(x = same)), "Site `x` is drawn in `with_scale()`", fixed = TRUE)
})

test_that("a strategy may answer with a function, and starting values of computed sites are warned about", {
  two <- new_reparam(function(site) {
    rate <- site$dist$args$rate
    a <- draw(paste0(site$name, "_a"), dist_exponential(rate / 2))
    b <- draw(paste0(site$name, "_b"), dist_exponential(rate / 2))
    list(dist = NULL, value = pmin(a, b))
  })
  m <- model(function(y) {
    wait ~ exponential(0.5)
    s ~ lognormal(0, 1)
    y ~ normal(wait, s)
  })
  asked <- function(site) if (site$name == "wait") two else if (site$name == "s") reparam_transform()
  data <- list(y = 2)
  by_hand <- model_spec(m |> reparam(wait = two, s = reparam_transform()), data)
  spec <- model_spec(m |> reparam(asked), data)
  expect_identical(spec$statements, by_hand$statements)
  expect_identical(spec$handlers[[1]]$config, by_hand$handlers[[1]]$config)
  quick <- function(model, ...) fit_nuts(model, data, chains = 1, iter_warmup = 20, iter_sampling = 5, seed = 1, ...)
  expect_identical(draws(quick(m, reparam = asked), "wait"), draws(quick(m |> reparam(wait = two, s = reparam_transform()), reparam = "minimal"), "wait"))
  everything <- function(site) if (site$dist == "exponential") two
  expect_error(model_spec(m |> reparam(everything), data), "answers `new_reparam()` for `wait_a`", fixed = TRUE)

  expect_snapshot(cat(condition_text(quick(m |> reparam(wait = two), init = list(wait = 3, s = 1)))))
  expect_warning(fit_svi(m |> reparam(wait = two), data, steps = 5, init = list(wait = 3)), "`init` is ignored for `wait`")
  expect_error(fit_svi(m, data, steps = 5, init = list(weight = 3)), "`init` names `weight`")
})
