many <- function(n = 3) {
  k ~ lognormal(0, 1)
  p ~ beta(2, 3)
  low ~ uniform(-1, 4)
  below ~ transformed(lognormal(0, 0.5), transform_affine(2, -1))
  z[1:n] ~ normal(0, 1)
  th[1:n] ~ normal(log(k), 1)
  w ~ dirichlet(c(2, 3, 4))
  double := 2 * k
  log_factor("pull", -(k - p)^2 - (low - z[1])^2 - sum(th * w) - below^2)
}

guides_with_margins <- list(
  normal = guide_normal(), mvn = guide_mvn(), lowrank = guide_lowrank(rank = 2), laplace = guide_laplace(),
  structured = guide_structured(conditionals = list(k = "normal")),
  list = guide_list(guide_structured("z", "k"), guide_normal())
)

test_that("quantiles of sites of one coordinate are those of the coordinate, mapped", {
  probs <- c(0.05, 0.5, 0.9)
  for (name in names(guides_with_margins)) {
    fit <- fit_svi(many, guide = guides_with_margins[[name]], steps = 100, draws = 4000, seed = 1)
    table <- summary(fit, probs = probs)
    quantiles <- as.matrix(table[c("q5", "q50", "q90")])
    rownames(quantiles) <- table$variable
    # The coordinates are normal, so that their sample quantiles have the mean and sd of `margins` in them.
    at <- function(coordinate) {
      k <- match(coordinate, fit$unconstrained_names)
      qnorm(probs, fit$margins[k, 1], fit$margins[k, 2])
    }
    expect_equal(quantiles["k", ], exp(at("k")), tolerance = 1e-12, ignore_attr = TRUE, label = name)
    expect_equal(quantiles["p", ], plogis(at("p")), tolerance = 1e-12, ignore_attr = TRUE, label = name)
    expect_equal(quantiles["low", ], -1 + 5 * plogis(at("low")), tolerance = 1e-12, ignore_attr = TRUE, label = name)
    expect_equal(quantiles["z[1]", ], at("z[1]"), tolerance = 1e-12, ignore_attr = TRUE, label = name)
    expect_equal(quantiles["th[3]", ], at("th[3]"), tolerance = 1e-12, ignore_attr = TRUE, label = name)
    # All agree with the draws: a quantile of 4000 draws has a standard error below .06 sd at these probabilities.
    x <- as.array(fit)[, 1, ]
    scale <- apply(x, 2, sd)
    off <- (t(apply(x, 2, quantile, probs)) - quantiles) / scale
    expect_lte(max(abs(off)), 4 * 0.06, label = name)
    expect_true(all(quantiles[, 1] < quantiles[, 2] & quantiles[, 2] < quantiles[, 3]), label = name)
  }
})

test_that("sites of several coordinates and recorded ones keep the quantiles of the draws", {
  fit <- fit_svi(many, guide = guide_mvn(), steps = 50, draws = 300, seed = 1)
  table <- summary(fit)
  for (variable in c("w[2]", "double")) {
    x <- as.array(fit)[, 1, variable]
    expect_equal(table$q50[table$variable == variable], unname(quantile(x, 0.5)), tolerance = 1e-12)
  }
})

test_that("the moments are the guide's own", {
  fit <- fit_svi(many, guide = guide_mvn(), steps = 50, draws = 20000, seed = 1)
  x <- fit$unconstrained[, 1, ]
  # 20,000 draws: mean within 4 standard errors, sd within 4 / sqrt(2 n).
  expect_lte(max(abs(colMeans(x) - fit$margins[, 1]) / fit$margins[, 2]), 4 / sqrt(20000))
  expect_lte(max(abs(apply(x, 2, sd) / fit$margins[, 2] - 1)), 4 / sqrt(40000))
})

test_that("reparameterized sites count where their noise is all they depend on", {
  m <- function(y) {
    k ~ lognormal(1, 2)
    mu ~ normal(0, 1)
    x ~ normal(mu, 1)
    y ~ normal(k + x, 1)
  }
  fit <- m |> reparam(k = decenter(), x = decenter()) |> fit_svi(list(y = 2), steps = 100, seed = 1)
  table <- summary(fit)
  k <- match("k_base_decentered", fit$unconstrained_names)
  expect_equal(table$q95[table$variable == "k"], exp(1 + 2 * qnorm(0.95, fit$margins[k, 1], fit$margins[k, 2])), tolerance = 1e-12)
  x <- quantile(draws(fit, "x"), 0.95, names = FALSE)
  expect_equal(table$q95[table$variable == "x"], x, tolerance = 1e-12)
})

test_that("partly observed sites, points, parameters and flows", {
  m <- function(y) {
    s <- param("s", 1, "positive")
    mu ~ normal(0, 1)
    y ~ normal(mu, s)
    log_factor("tie", -(y[2] - mu)^2)
  }
  fit <- fit_svi(m, list(y = c(1, NA, 2)), steps = 100, seed = 1)
  table <- summary(fit)
  rownames(table) <- table$variable
  expect_equal(unlist(table["s", c("q5", "q50", "q95")], use.names = FALSE), rep(table["s", "mean"], 3), tolerance = 1e-12)
  expect_equal(table["y[1]", "q50"], 1)
  at <- match("y[2]", fit$unconstrained_names)
  expect_equal(table["y[2]", "q5"], qnorm(0.05, fit$margins[at, 1], fit$margins[at, 2]), tolerance = 1e-12)
  flow <- fit_svi(m, list(y = c(1, NA, 2)), guide = guide_iaf(), steps = 20, draws = 50, seed = 1)
  expect_equal(summary(flow, "mu")$q50, median(draws(flow, "mu")), tolerance = 1e-12)
})
