m <- model(function(n) {
  k ~ lognormal(0, 1)
  y[1:n] ~ normal(k, 1)
})

test_that("verbs append to the stack, innermost first, and take functions as well", {
  stack <- (m |> condition(y = c(1, NA)) |> intervene(k = 2) |> seed_model(3))$handlers
  expect_identical(stack, list(
    list(kind = "condition", values = list(y = c(1, NA))),
    list(kind = "intervene", values = list(k = 2)),
    list(kind = "seed", seed = 3)
  ))
  expect_s3_class(condition(function(y = NULL) y ~ normal(0, 1), y = 1), "reparam_model")
})

test_that("values are plain doubles with their dim", {
  values <- function(...) condition(m, ...)$handlers[[1]]$values
  expect_identical(values(y = 1:3), list(y = c(1, 2, 3)))
  expect_identical(values(y = c(TRUE, FALSE)), list(y = c(1, 0)))
  expect_identical(values(y = factor(c("b", "a"))), list(y = c(2, 1)))
  expect_identical(values(y = matrix(1:4, 2, dimnames = list(c("a", "b"), NULL))), list(y = matrix(c(1, 2, 3, 4), 2)))
  expect_identical(values(list(y = 1, k = 2)), list(y = 1, k = 2))
})

test_that("substitute_sites(), replay(), block() and lift() make their handlers", {
  last <- function(model) model$handlers[[length(model$handlers)]]
  expect_identical(last(substitute_sites(m, k = 1)), list(kind = "substitute", values = list(k = 1)))
  expect_identical(last(replay(m, list(k = 1, y = 1:2))), list(kind = "replay", values = list(k = 1, y = c(1, 2))))
  expect_identical(last(block(m)), list(kind = "block"))
  expect_identical(last(block(m, "k", hide = "y")), list(kind = "block", hide = c("k", "y")))
  expect_identical(last(block(m, expose = "k")), list(kind = "block", expose = "k"))
  expect_identical(last(lift(m, k = dist_normal()))$priors$k, dist_normal())
})

test_that("reparam() takes entries, a list, a strategy or its name", {
  config <- function(...) model_spec(reparam(m, ...), list(n = 2))$handlers[[1]]$config
  decentered <- list(kind = "chain", parts = list(list(kind = "transform"), list(kind = "loc_scale", centered = 0)))
  expect_identical(config(k = decenter()), list(k = decentered))
  expect_identical(config(list(k = decenter(), y = NULL)), list(k = decentered))
  expect_identical(config(k = reparam_transform(), k_base = reparam_loc_scale(0)), list(
    k = list(kind = "transform"), k_base = list(kind = "loc_scale", centered = 0)
  ))
  expect_identical(config(k = reparam_loc_scale()), list(k = list(kind = "loc_scale")))
  expect_identical(config("auto"), list(kind = "strategy", name = "auto"))
  expect_identical(config(reparam_auto(0.5)), list(kind = "strategy", name = "auto", centered = 0.5))
  expect_identical(config("minimal"), list(kind = "strategy", name = "minimal"))
  expect_identical(config(reparam_minimal()), list(kind = "strategy", name = "minimal"))
  expect_identical(config("none"), list(kind = "strategy", name = "none"))
})

test_that("a function is asked once for every site, when the spec is made", {
  asked <- list()
  strategy <- function(site) {
    asked[[length(asked) + 1L]] <<- site
    if (site$name == "k") decenter()
  }
  spec <- model_spec(m |> condition(y = 1:2) |> reparam(strategy), list(n = 2))
  expect_identical(vapply(asked, `[[`, "", "name"), c("k", "y", "k_base_decentered", "k_base"))
  expect_identical(asked[[2]]$dim, 2L)
  expect_identical(names(spec$handlers[[2]]$config), "k")
})

test_that("lift() gives a parameter a prior and leaves the stack", {
  p <- model(function(y) {
    mu <- param("mu", 0)
    y ~ normal(mu, 1)
  })
  expect_identical(statement_names(model_spec(p, list(y = 1)), "param"), "mu")
  spec <- model_spec(lift(p, mu = dist_normal(0, 5)), list(y = 1))
  expect_identical(statement_names(spec), c("mu", "y"))
  expect_length(spec$handlers, 0)
})

test_that("derived names and names that replay() does not find pass", {
  data <- list(n = 2)
  expect_length(model_spec(m |> reparam(k = reparam_transform()) |> substitute_sites(k_base = 0), data)$handlers, 2)
  expect_length(model_spec(m |> replay(list(k = 1, other = 2)), data)$handlers, 1)
})

test_that("what depends on an observed site follows it when a handler may set it", {
  f <- model(function(x, y) {
    x ~ normal(0, 1)
    y ~ normal(2 * x, 1)
  })
  mean_op <- function(spec) spec$nodes$op[spec$statements[[2]]$dist$args$mean]
  data <- list(x = 1, y = 2)
  expect_identical(mean_op(model_spec(f, data)), "const")
  expect_identical(mean_op(model_spec(intervene(f, x = 3), data)), "mul")
})

test_that("wrong handlers are refused", {
  expect_snapshot(transform = without_lines, {
    show_error(reparam(m, decenter()))
    show_error(reparam(m, k = 3))
    show_error(reparam(m, k = "auto"))
    show_error(reparam(m, k = decenter(), k = decenter()))
    show_error(reparam(m, k = decenter(), decenter()))
    show_error(reparam(m, "autp"))
    show_error(reparam(m, 3))
    show_error(reparam_loc_scale(2))
    show_error(decenter("a"))
    show_error(reparam_loc_scale(0, 3))
    show_error(condition(m))
    show_error(condition(m, 3))
    show_error(condition(m, k = "a"))
    show_error(condition(m, k = NaN))
    show_error(intervene(m, k = c(1, NA)))
    show_error(block(m, 3))
    show_error(block(m, "k", expose = "j"))
    show_error(seed_model(m, 1.5))
    show_error(lift(m, k = 3))
    show_error(model_spec(lift(m, j = dist_normal()), list(n = 2)))
    show_error(model_spec(reparam(m, function(site) 3), list(n = 2)))
    show_error(condition(3, k = 1))
    show_error(model_spec(condition(m, z = 1), list(n = 2)))
    show_error(model_spec(block(m, "z"), list(n = 2)))
    show_error(model_spec(intervene(function() {
      k ~ normal(0, 1)
      a := k + 1
    }, a = 1)))
  })
})

test_that("a site may be called m: no argument of the verbs matches it in part", {
  named_m <- model(function(y) {
    m ~ normal(0, 1)
    y ~ normal(m, 1)
  })
  expect_identical(named_m |> reparam(m = decenter()) |> model_spec(list(y = 1)) |> statement_names(), c("m", "y"))
  expect_identical(vapply((named_m |> intervene(m = 1))$handlers, `[[`, "", "kind"), "intervene")
  expect_identical(vapply((named_m |> condition(m = 1))$handlers, `[[`, "", "kind"), "condition")
})

test_that("a list of reparameterizers applies one after the other", {
  m <- model(function(y) {
    tau ~ half_normal(2)
    effect[1:8] ~ student_t(1.5, 0, tau)
    rate[1:8] ~ lognormal(0, tau)
    y ~ normal(effect + rate, 3)
  })
  split <- m |> reparam(
    effect = list(reparam_student_t(), reparam_loc_scale(0)), rate = list(decenter(), reparam_haar(allow_batch = TRUE))
  )
  map <- reparam_map(split, list(y = 1:8))
  expect_identical(map$auxiliary[map$site == "effect"], "effect_gamma, effect_decentered")
  expect_identical(map$auxiliary[map$site == "rate"], "rate_base_decentered_haar, rate_base_decentered, rate_base")
  expect_true(all(check_reparam(split, list(y = 1:8))$ok, na.rm = TRUE))
  expect_error(m |> reparam(effect = list(decenter(), 1)), "must be a reparameterizer, not the value 1")
})

test_that("substitute_sites() reaches the unknown elements of a site with some data", {
  m <- model(function(y) {
    y ~ normal(0, 1)
    total := sum(y)
  }) |> substitute_sites(y = c(5, 7))
  trace <- trace_model(m, list(y = c(NA, 2)), seed = 1)
  expect_equal(trace$value, list(c(5, 2), 7))
  expect_equal(trace$log_density[1], sum(dnorm(c(5, 2), log = TRUE)))
  pairs <- model(function(y) y ~ mvn(c(0, 0), diag(2))) |> substitute_sites(y = rbind(c(1, 2), c(3, 4), c(5, 6)))
  trace <- trace_model(pairs, list(y = rbind(c(NA, 0), c(NA, NA), c(0, 0))), seed = 1)
  expect_equal(trace$value[[1]], rbind(c(1, 0), c(3, 4), c(0, 0)))
  expect_equal(trace$log_density[1], sum(dnorm(c(1, 0, 3, 4, 0, 0), log = TRUE)))
  given <- predictive(function(y) y ~ normal(0, 1), list(y = array(1:6, c(3, 1, 2))), list(y = c(NA, 2)), seed = 1)
  expect_equal(draws(given, "y")[, 1, ], cbind(1:3, 2))
  expect_warning(model_spec(m, list(y = c(1, 2))), "leaves `y` as it is", class = "reparam_warning")
})
