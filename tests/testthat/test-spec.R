reaction <- model(reaction_measured)

test_that("the catalyst example becomes five statements", {
  spec <- model_spec(reaction, lab)
  expect_identical(vapply(spec$statements, `[[`, "", "kind"), c("draw", "draw", "record", "record", "draw"))
  expect_identical(vapply(spec$statements, `[[`, "", "name"), c("k", "k_d", "cat", "a", "y"))
  expect_identical(lapply(spec$statements, `[[`, "dim"), list(1L, 1L, 500L, 500L, 500L))
  expect_identical(spec$data, lab)
  y <- rep(NA_real_, 500)
  y[101] <- 0.6
  seen <- model_spec(reaction, c(lab, list(y = y)))
  expect_identical(which(!is.na(seen$statements[[5]]$observed)), 101L)
})

test_that("helpers by Reduce() give the same sites", {
  reduced <- model(function(a_0, cat_0, dt, n, err, y = NULL) {
    k ~ lognormal(0, 1)
    k_d ~ lognormal(-2, 1)
    cat := Reduce(function(x, i) x - dt * k_d * x, seq_len(n), cat_0, accumulate = TRUE)[-1]
    a := Reduce(function(x, cat) x - dt * k * cat * x, cat, a_0, accumulate = TRUE)[-1]
    y ~ lognormal(log(a), err)
  })
  spec <- model_spec(reduced, lab)
  expect_identical(lapply(spec$statements, `[[`, "dim"), list(1L, 1L, 500L, 500L, 500L))
})

test_that("the helpers run on plain numbers", {
  # (1 - dt k_d)^n and the closed product, computed independently of the loops
  cat <- decay(0.1, 0.2, 0.01, 500)
  expect_equal(cat[500], 0.1 * (1 - 0.01 * 0.2)^500)
  expect_equal(react(1, 2, cat, 0.01)[500], prod(1 - 0.01 * 2 * cat))
})

test_that("a spec is plain data and survives saveRDS()", {
  strategy <- function(site) if (site$name == "k") decenter()
  m <- reaction |> condition(k = 1) |> reparam(strategy) |> lift() |> seed_model(1)
  spec <- model_spec(m, lab)
  expect_identical(not_plain(spec), NULL)
  file <- tempfile(fileext = ".rds")
  saveRDS(spec, file)
  expect_identical(readRDS(file), spec)
})

test_that("the model runs once, and nothing stays open after an error", {
  times <- 0
  model_spec(function() {
    times <<- times + 1
    k ~ normal(0, 1)
  })
  expect_identical(times, 1)
  expect_error(model_spec(function() stop("inside")), "inside")
  expect_false(in_session())
  expect_false(trace_active())
  expect_length(model_spec(function() k ~ normal(0, 1))$statements, 1)
})

test_that("data of every kind arrive as they are and are kept plain", {
  seen <- NULL
  frame <- stats::model.frame(y ~ x, data.frame(y = c(1, 2), x = c(3, 4)))
  data <- list(
    a = 1L, b = matrix(1:4, 2, dimnames = list(NULL, c("u", "v"))), c = factor(c("u", "v")), d = TRUE, e = NULL,
    f = frame
  )
  spec <- model_spec(function(a, b, c, d, e, f) {
    seen <<- list(a, b, c, d, e, f$x)
    k ~ normal(0, 1)
  }, data)
  expect_identical(seen, list(1L, data$b, data$c, TRUE, NULL, c(3, 4)))
  expect_identical(spec$data[c("a", "b", "c", "d")], data[c("a", "b", "c", "d")])
  expect_true("e" %in% names(spec$data))
  expect_identical(not_plain(spec), NULL)
})

test_that("a data frame gives its columns", {
  spec <- model_spec(function(x, y) y ~ normal(x, 1), data.frame(x = c(1, 2), y = c(3, NA)))
  expect_identical(spec$statements[[1]]$observed, c(3, NA))
})

test_that("statements keep the user's call and line", {
  file <- file_with("model.R", c("m <- function(y) {", "  k ~ normal(0, 1)", "  y ~ normal(k, 1)", "}"))
  scope <- new.env(parent = globalenv())
  source(file, local = scope, keep.source = TRUE)
  spec <- model_spec(scope$m, list(y = 1))
  expect_identical(vapply(spec$statements, `[[`, "", "call"), c("k ~ normal(0, 1)", "y ~ normal(k, 1)"))
  expect_identical(vapply(spec$statements, `[[`, "", "where"), c("model.R:2", "model.R:3"))
})

test_that("rows refer to the packed nodes", {
  spec <- model_spec(function(y) {
    mu ~ normal(1, 2)
    y ~ normal(mu, 3)
  }, list(y = 1))
  number <- function(row) {
    ends <- c(0L, spec$nodes$number_end)
    spec$nodes$number[seq_len(ends[row + 1] - ends[row]) + ends[row]]
  }
  first <- spec$statements[[1]]
  second <- spec$statements[[2]]
  expect_identical(number(first$dist$args$mean), 1)
  expect_identical(number(first$dist$args$sd), 2)
  expect_identical(spec$nodes$op[first$node], "site")
  expect_identical(second$dist$args$mean, first$node)
  expect_identical(number(second$dist$args$sd), 3)
  # SITE numbers are positions of statements
  expect_identical(c(number(first$node), number(second$node)), c(1, 2))
})

test_that("specs print one line per site", {
  spec <- model_spec(function(y, n) {
    mu ~ normal(0, 1)
    x[1] ~ normal(mu, 1)
    for (t in 2:n) x[t] ~ normal(x[t - 1], 1)
    with_plate("obs", 3, function(i) y[i] ~ normal(mu, 1))
    total := sum(x)
  }, list(y = c(1, NA, 2), n = 3))
  expect_identical(format(spec)[-1], c(
    "  mu ~ normal",
    "  x[3] ~ normal",
    "  plate obs, 3:",
    "    y[3] ~ normal  2 of 3 observed",
    "  total := ..."
  ))
  expect_output(print(spec), "<spec> 8 statements", fixed = TRUE)
})

test_that("wrong arguments and data are refused", {
  f <- function(n, y = NULL) y ~ normal(0, 1)
  expect_snapshot(transform = without_lines, {
    show_error(model_spec(3))
    show_error(model_spec(f, 3))
    show_error(model_spec(f, list(1)))
    show_error(model_spec(f, list(n = 1, n = 2)))
    show_error(model_spec(f, list(n = 1, z = 2)))
    show_error(model_spec(f, list(y = 2)))
    show_error(model_spec(f, list(n = "a")))
    show_error(model_spec(f, list(n = 1, y = c("a", "b"))))
    show_error(model_spec(f, list(n = 1, y = mean)))
    show_error(model_spec(f, list(n = 1, y = 1i)))
    show_error(model_spec(f, list(n = structure(1, class = "integer64"))))
    show_error(model_spec(function() model_spec(function() 1)))
  })
})

test_that("NA that reaches the density is refused, and only then", {
  expect_snapshot(transform = without_lines, {
    show_error(model_spec(function(x, y) {
      b ~ normal(0, 1)
      y ~ normal(b * x, 1)
    }, list(x = c(1, NA, 2), y = 1:3)))
    show_error(model_spec(function(n) {
      k ~ normal(0, 1)
      x <- rep(NA_real_, n)
      x[1] <- k
      log_factor("f", sum(x))
    }, list(n = 3)))
    show_error(model_spec(function(y) {
      x[2] ~ normal(0, 1)
      y ~ normal(x[1], 1)
    }, list(y = 1)))
  })
  used_in_part <- function(d, y) {
    b ~ normal(0, 1)
    mu <- b * d
    fitted := mu
    y[2:3] ~ normal(mu[2:3], 1)
    z ~ normal(b * ifelse(is.na(d), 0, d), 1)
  }
  expect_s3_class(model_spec(used_in_part, list(d = c(NA, 1, 2), y = c(1, 2, 3))), "reparam_spec")
})

test_that("eight schools is four statements", {
  schools <- model(function(sigma, y = NULL) {
    mu ~ normal(0, 5)
    tau ~ half_cauchy(5)
    theta[1:8] ~ normal(mu, tau)
    y ~ normal(theta, sigma)
  })
  sigma <- c(15, 10, 16, 11, 9, 11, 10, 18)
  spec <- model_spec(schools |> reparam(theta = decenter()), list(sigma = sigma, y = c(28, 8, -3, 7, -1, 1, 18, 12)))
  expect_identical(lapply(spec$statements, `[[`, "dim"), list(1L, 1L, 8L, 8L))
  theta <- spec$statements[[3]]
  # mu and tau are the arguments themselves, no nodes lie between
  expect_identical(unlist(theta$dist$args, use.names = FALSE), c(spec$statements[[1]]$node, spec$statements[[2]]$node))
  expect_identical(spec$statements[[4]]$dist$args$mean, theta$node)
})
