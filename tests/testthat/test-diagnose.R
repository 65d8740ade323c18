schools <- model(function(sigma, y) {
  mu ~ normal(0, 5)
  tau ~ half_cauchy(5)
  theta[1:8] ~ normal(mu, tau)
  y ~ normal(theta, sigma)
})
data <- list(sigma = c(15, 10, 16, 11, 9, 11, 10, 18), y = c(28, 8, -3, 7, -1, 1, 18, 12))
funnel <- model(function() {
  v ~ normal(0, 3)
  x[1:9] ~ normal(0, exp(v / 2))
})
advised <- function(fit) {
  lines <- diagnose(fit)$advice[[1]]$lines
  trimws(grep("^  ", lines, value = TRUE))
}
follow <- function(line, env = parent.frame()) eval(parse(text = line), env)

test_that("centered eight schools get the right advice, and following it works", {
  fit <- fit_nuts(schools, data, reparam = "none", seed = 1)
  d <- diagnose(fit)
  expect_gt(sum(d$divergent), 5)
  expect_identical(d$divergent_pairs$site[1], "tau")
  expect_identical(d$divergent_pairs$end[1], "low")
  expect_match(d$divergent_pairs$narrow[1], "^theta\\[")
  expect_gt(d$divergent_pairs$share[1], 0.5)
  expect_gt(max(d$convergence$rhat), 1.01)
  line <- advised(fit)
  expect_match(line, "theta = decenter()", fixed = TRUE)
  better <- diagnose(follow(line))
  # the centered fit has dozens; a stray one among 4000 decentered draws is what adapt_delta = 0.8 gives
  expect_lt(sum(better$divergent), 0.25 * sum(d$divergent))
  expect_lt(max(better$convergence$rhat), 1.01)
  expect_gt(min(better$convergence$ess_bulk), 1000)
  expect_gt(min(better$e_bfmi), 0.6)
  expect_output(print(d), "of them where `tau` is low.*there `theta\\[[1-8]\\]` has")
})

test_that("the funnel gets the right advice, and following it works", {
  fit <- fit_nuts(funnel, reparam = "none", prune = FALSE, seed = 1)
  d <- diagnose(fit)
  expect_identical(d$divergent_pairs[1, c("site", "end")], data.frame(site = "v", end = "low"))
  expect_match(d$divergent_pairs$narrow[1], "^x\\[")
  expect_lt(min(d$e_bfmi), 0.3)
  lines <- advised(fit)
  expect_match(lines[1], "v = decenter(), x = decenter()", fixed = TRUE)
  expect_match(lines[2], "^fit_nuts\\(funnel, seed = 1\\)$")
  for (line in lines) {
    better <- follow(line)
    expect_identical(diagnose(better)$advice, list())
    expect_lt(abs(sd(draws(better, "v")) - 3), 0.2) # v ~ N(0, 3); standard error about 0.04
  }
})

test_that("heavy tails that the data leave open become normals of random scale", {
  heavy <- model(function(y) {
    x[1:10] ~ cauchy(0, 1)
    total := sum(x)
    y ~ normal(total, 100)
  })
  fit <- fit_nuts(heavy, list(y = 3), seed = 1)
  line <- advised(fit)
  expect_match(line, "x = list(reparam_student_t(), reparam_loc_scale(0))", fixed = TRUE)
  better <- follow(line)
  smallest <- function(fit) min(summary(fit)$ess_tail)
  expect_gt(smallest(better), 4 * smallest(fit))
})

test_that("correlated sites get a metric, blocks by their names", {
  set.seed(1)
  fit <- mock_nuts(control = list(metric = "diag"), sampler = list(tree_depth = 10))
  fit$spec$statements <- fit$spec$statements[0]
  n <- 200 * 4
  z <- rnorm(n)
  coordinates <- cbind(z, z + 0.1 * rnorm(n), rnorm(n), matrix(rnorm(4 * n), n))
  fit$unconstrained <- array(coordinates[, 1:3], c(200, 4, 3))
  fit$unconstrained_names <- c("k", "k_d", "z")
  expect_identical(correlated_sites(fit), list(c("k", "k_d")))
  expect_match(nuts_cures(fit, list())[2], "metric = list(c(\"k\", \"k_d\"))", fixed = TRUE)
  fit$unconstrained <- fit$unconstrained[, , 1:2]
  fit$unconstrained_names <- c("k", "k_d")
  expect_match(nuts_cures(fit, list())[2], "metric = \"dense\"", fixed = TRUE)
  fit$control$metric <- "dense"
  expect_match(nuts_cures(fit, list())[2], "max_treedepth = 12", fixed = TRUE)
  fit$sampler$tree_depth[] <- 3
  expect_match(nuts_cures(fit, list(rhat = c(a = 1.02)))[2], "fit_nuts(fit, iter = 600)", fixed = TRUE)
  expect_match(nuts_cures(fit, list(rhat = c(a = 1.2)))[2], "iter_warmup = 2000", fixed = TRUE)
})

test_that("a healthy fit has nothing to mend; what is no fit by NUTS is refused", {
  fit <- fit_nuts(schools, data, seed = 2, reparam = reparam_auto(0), adapt_delta = 0.95)
  d <- diagnose(fit)
  expect_output(print(d), "Divergences: 0 of 4000\nTrajectories stopped at max_treedepth = 10: 0\nE-BFMI.*Nothing to mend")
  expect_equal(nrow(d$divergent_pairs), 0)
  expect_identical(names(d$convergence), c("variable", "rhat", "ess_bulk", "ess_tail", "ess_mean", "mcse_mean"))
  expect_error(diagnose(1), "must be a fit")
  expect_error(diagnose(mock_svi()), "`fit_nuts\\(\\)`")
  # nothing sampled
  expect_output(print(diagnose(fit_nuts(model(function() a ~ normal(0, 1)), chains = 2, seed = 1))), "Divergences: 0")
})

test_that("a ridge that costs draws without deep trees, a unit metric and a model without a name get advice that works", {
  height <- 170 + 8 * sin(1:200)
  ridge <- model(function(h, y) {
    a ~ normal(0, 100)
    b ~ normal(0, 10)
    s ~ half_normal(5)
    y ~ normal(a + b * h, s)
  })
  earn <- list(h = height, y = 5 + 0.02 * height + cos(7 * (1:200)))
  fit <- suppressWarnings(fit_nuts(ridge, earn, iter_sampling = 300, seed = 1))
  lines <- diagnose(fit)$advice[[1]]$lines
  expect_match(lines[2], "metric = list(c(\"a\", \"b\"))", fixed = TRUE)
  better <- follow(lines[2])
  expect_gt(min(convergence(as.array(better))[, "ess_bulk"]), 4 * min(convergence(as.array(fit))[, "ess_bulk"]))
  wide <- model(function() x[1:10] ~ normal(0, 10^seq(-2, 2, length.out = 10)))
  unit <- suppressWarnings(fit_nuts(wide, chains = 2, metric = "unit", max_treedepth = 5, prune = FALSE, seed = 1,
                                    iter_sampling = 100))
  lines <- depth_cure(unit, list())
  expect_equal(follow(lines[2])$control$metric, "diag")
  inline <- suppressWarnings(fit_nuts(model(function() {
    v ~ normal(0, 3)
    x[1:9] ~ normal(0, exp(v / 2))
  }), reparam = "none", prune = FALSE, chains = 2, iter_sampling = 100, seed = 1))
  fit <- inline
  better <- follow(geometry_cure(inline, list())[2])
  expect_true("x_decentered[1]" %in% better$unconstrained_names)
})
