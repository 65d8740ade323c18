blog <- model(function(g = NULL, h = NULL) {
  a ~ normal(0, 1)
  b ~ lognormal(0, 1)
  c ~ normal(a, b)
  d ~ lognormal(a, b)
  g ~ normal(c, d)
  h ~ lognormal(c, d)
})
data <- list(g = 1, h = 2)
names_of <- function(model, data, reparam) trace_model(model, data, reparam = reparam, seed = 1)$name

test_that("auto and minimal choose the golden sites", {
  expect_identical(names_of(blog, data, reparam_auto(0)), c(
    "a_decentered", "a", "b_base_decentered", "b_base", "b", "c_decentered", "c", "d_base_decentered", "d_base", "d", "g", "h"
  ))
  expect_identical(names_of(blog, data, reparam_auto(1)), c("a", "b_base", "b", "c", "d_base", "d", "g", "h"))
  expect_identical(names_of(blog, data, "minimal"), c("a", "b", "c", "d", "g", "h"))
})

stable <- model(function(y, z, w, v) {
  a ~ normal(0, 1)
  c ~ stable(1.5, 0, 1, a)
  y ~ stable(1.5, -0.5, 1, c)
  z ~ stable(1.2, 0, 1, c)
  w ~ transformed(stable(1.5, a / 10, 1, c), "exp")
  v ~ stable(2, 0, 1, c)
})

test_that("minimal does what must be done for stable sites", {
  map <- reparam_map(stable, list(y = 1, z = 2, w = 3, v = 4))
  made <- stats::setNames(map$auxiliary, map$site)
  expect_identical(made[["c"]], "c_uniform, c_exponential")
  expect_identical(made[["y"]], "y_z_uniform, y_z_exponential, y_t_uniform, y_t_exponential")
  expect_identical(made[["z"]], "z_uniform, z_exponential")
  expect_identical(made[["w"]], "w_base_z_uniform, w_base_z_exponential, w_base_t_uniform, w_base_t_exponential")
  expect_identical(made[["v"]], "")
  auto <- reparam_map(stable, list(y = 1, z = 2, w = 3, v = 4), reparam = reparam_auto(0))
  expect_identical(auto$auxiliary[auto$site == "c"], "c_decentered_uniform, c_decentered_exponential, c_decentered")
})

test_that("the resolved configuration reproduces the sites, saved or not", {
  for (strategy in list("minimal", "auto", reparam_auto(0.3), reparam_auto(1))) {
    for (m in list(blog, stable)) {
      data <- if (identical(m, blog)) list(g = 1, h = 2) else list(y = 1, z = 2, w = 3, v = 4)
      resolved <- resolve_reparam(m, data, strategy)
      file <- tempfile()
      saveRDS(resolved, file)
      expect_identical(
        reparam_map(m |> reparam(readRDS(file)), data, reparam = "none", prune = FALSE)$auxiliary,
        reparam_map(m, data, reparam = strategy, prune = FALSE)$auxiliary
      )
    }
  }
  expect_snapshot(print(resolve_reparam(blog, list(g = 1, h = 2), reparam_auto(0))))
})

test_that("own strategies are asked once about every site, derived ones too, and leave no function", {
  asked <- character()
  strategy <- function(site) {
    asked <<- c(asked, site$name)
    if (site$dist == "lognormal" && !site$observed) reparam_transform() else if (site$name == "b_base") reparam_loc_scale(0)
  }
  spec <- model_spec(blog |> reparam(strategy), list(g = 1, h = 2))
  expect_identical(asked, c("a", "b", "c", "d", "g", "h", "b_base", "d_base", "b_base_decentered"))
  expect_null(not_plain(unclass(spec)))
  expect_identical(names(spec$handlers[[1]]$config), c("b", "d", "b_base"))
  object <- list(configure = function(site) if (site$name == "a") reparam_loc_scale(0))
  expect_true("a_decentered" %in% names_of(blog |> reparam(object), list(g = 1, h = 2), "none"))
})

test_that("strategies are registered by name", {
  register_reparam_strategy("only_a", function() function(site) if (site$name == "a") reparam_loc_scale(0))
  on.exit(register_reparam_strategy("only_a", NULL))
  expect_true("a_decentered" %in% names_of(blog, list(g = 1, h = 2), "only_a"))
  expect_true("a_decentered" %in% names_of(blog |> reparam("only_a"), list(g = 1, h = 2), "none"))
  fit <- fit_nuts(blog, list(g = 1, h = 2), reparam = "only_a", chains = 1, iter_sampling = 20, iter_warmup = 50, seed = 1)
  expect_true("a_decentered" %in% fit$unconstrained_names)
  register_reparam_strategy("quarter", function() reparam_auto(0.25))
  on.exit(register_reparam_strategy("quarter", NULL), add = TRUE)
  expect_true("c_decentered" %in% names_of(blog, list(g = 1, h = 2), "quarter"))
})

test_that("what is wrong is named", {
  expect_snapshot(transform = without_lines, {
    show_error(register_reparam_strategy("auto", function() NULL))
    show_error(register_reparam_strategy(3, function() NULL))
    show_error(register_reparam_strategy("mine", 3))
    register_reparam_strategy("mine", function() 3)
    show_error(reparam(blog, "mine"))
    register_reparam_strategy("mine", NULL)
    show_error(reparam(blog, "mine"))
    show_error(fit_nuts(model_spec(blog), reparam = function(site) NULL))
  })
})

test_that("unknown names, two entries, cycles and names that are taken are told apart", {
  expect_snapshot({
    cat(condition_text(reparam_map(blog |> reparam(k = decenter()), list(g = 1, h = 2))))
    cat(condition_text(reparam_map(blog |> reparam(a = reparam_loc_scale(0)) |> reparam(a = reparam_loc_scale(0.5)), list(g = 1, h = 2))))
    always <- function(site) if (!site$observed) reparam_loc_scale(0)
    one <- model(function(y) {
      x ~ normal(0, 1)
      y ~ normal(x, 1)
    })
    cat(condition_text(reparam_map(one |> reparam(always), list(y = 1))))
    taken <- model(function(y) {
      x ~ normal(0, 1)
      x_decentered ~ normal(x, 1)
      y ~ normal(x_decentered, 1)
    })
    cat(condition_text(reparam_map(taken |> reparam(x = reparam_loc_scale(0)), list(y = 1))))
    taken <- model(function(y) {
      x ~ normal(0, 1)
      x_decentered := 2 * x
      y ~ normal(x_decentered, 1)
    })
    cat(condition_text(reparam_map(taken |> reparam(x = reparam_loc_scale(0)), list(y = 1))))
    taken <- model(function(y) {
      x ~ normal(0, 1)
      shift <- param("x_centered", 1)
      y ~ normal(x + shift, 1)
    })
    cat(condition_text(fit_svi(taken |> reparam(x = reparam_loc_scale()), list(y = 1), steps = 5, seed = 1)))
  })
})

test_that("chains that cannot be are refused", {
  own <- new_reparam(function(site) list(dist = NULL, value = draw("z", dist_normal(0, 1))))
  expect_snapshot(transform = without_lines, {
    show_error(blog |> reparam(a = list(own, reparam_loc_scale(0))))
    show_error(blog |> reparam(a = rep(list(reparam_loc_scale(0)), 17)))
  })
})

test_that("auto leaves the coordinates of a linear map as they are", {
  m <- model(function(y) {
    s ~ half_normal(1)
    x ~ gaussian_random_walk(5, s)
    k[1:4] ~ lognormal(0, s)
    p ~ dirichlet(c(2, 3, 2))
    y ~ normal(x, p[1])
  })
  maps <- list(reparam_haar(allow_batch = TRUE), reparam_discrete_cosine(allow_batch = TRUE))
  for (map in maps) {
    mapped <- m |> reparam(x = map, k = map, p = map)
    auxiliary <- reparam_map(mapped, list(y = c(1, 0, NA, 2, 1)), reparam = "auto")$auxiliary
    expect_true(all(lengths(strsplit(auxiliary[nzchar(auxiliary)], ", ")) == 1))
    result <- check_reparam(mapped, list(y = c(1, 0, NA, 2, 1)), reparam = "auto")
    expect_identical(result$check[!result$ok], character())
  }
  # named by the user, the transform is undone, and its base has coordinates of its own
  undone <- m |> reparam(p = list(reparam_haar(), reparam_transform()))
  expect_identical(check_reparam(undone, list(y = 1:5))$ok, rep(TRUE, 5))
})
