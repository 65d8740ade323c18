eight <- model(function(sigma, y) {
  mu ~ normal(0, 5)
  tau ~ half_cauchy(5)
  theta[1:8] ~ normal(mu, tau)
  y ~ normal(theta, sigma)
})
eight_data <- list(sigma = c(15, 10, 16, 11, 9, 11, 10, 18), y = c(28, 8, -3, 7, -1, 1, 18, 12))

structure_of <- function(m, data = list(), guide = guide_structured()) {
  fit_svi(m, data, guide, steps = 1, draws = 1, elbo_draws = 0, prune = FALSE, reparam = "none", seed = 1)$blocks[[1]]$structure
}

edges <- function(structure) paste(structure$groups[structure$down], structure$groups[structure$up])

test_that("settings are plain, and wrong ones are named", {
  plain <- list(kind = "structured", init_scale = 0.1, conditionals = list(a = "delta"), dependencies = list(b = c("a", "c")))
  guide <- guide_structured(conditionals = c(a = "delta"), dependencies = list(b = list(a = "linear", c = "linear")))
  expect_equal(unclass(guide), plain)
  expect_snapshot(transform = without_lines, {
    print(guide)
    show_error(guide_structured(conditionals = "cauchy"))
    show_error(guide_structured(conditionals = c("normal", "mvn")))
    show_error(guide_structured(dependencies = "a"))
    show_error(guide_structured(dependencies = list(b = 1)))
    show_error(guide_structured(dependencies = list(b = "b")))
    show_error(guide_structured(dependencies = list(b = list(a = 3))))
    show_error(fit_svi(eight, eight_data, guide_structured(dependencies = list(theta = "eta"))))
    cat(condition_text(fit_svi(eight, eight_data, guide_structured(dependencies = list(mu = "tau", tau = "mu")))))
  })
})

test_that("dependencies are those of the posterior in the model's order", {
  expect_equal(edges(structure_of(eight, eight_data)), c("tau mu", "theta mu", "theta tau"))
  # without data mu and tau are still parents of one site
  expect_equal(edges(structure_of(eight, list(sigma = 1, y = NULL))), c("tau mu", "theta mu", "theta tau", "y theta"))
  chain <- model(function(y = NULL) {
    a ~ normal(0, 1)
    b ~ normal(a, 1)
    c ~ normal(b, 1)
    d ~ normal(0, 1)
    y ~ normal(c + d, 1)
  })
  # the observation couples c and d
  expect_equal(edges(structure_of(chain, list(y = 1))), c("b a", "c b", "d c"))
  # a and b share a later neighbour each with c, which are eliminated first
  loop <- model(function(y) {
    a ~ normal(0, 1)
    b ~ normal(a, 1)
    c ~ normal(a, 1)
    d ~ normal(b, 1)
    y ~ normal(c * d, 1)
  })
  expect_setequal(edges(structure_of(loop, list(y = 1))), c("b a", "c a", "c b", "d b", "d c"))
})

test_that("given dependencies are taken, in whatever order the sites are drawn", {
  guide <- guide_structured(conditionals = list(theta = "normal"), dependencies = list(mu = "theta"))
  made <- structure_of(eight, eight_data, guide)
  expect_equal(made$groups, c("tau", "theta", "mu"))
  expect_equal(made$conditionals, c("mvn", "normal", "mvn"))
  expect_equal(edges(made), "mu theta")
  expect_length(edges(structure_of(eight, eight_data, guide_structured(dependencies = list()))), 0)
})

test_that("a normal posterior is found exactly", {
  normal <- model(function(y) {
    a ~ normal(0, 2)
    b[1:2] ~ normal(a, 1)
    y ~ normal(a + sum(b), 0.5)
  })
  y <- c(1.2, 0.4, 2.1)
  fit <- fit_svi(normal, list(y = y), guide_structured(), elbo_draws = 4000, draws = 4000, seed = 1)
  design <- c(1, 1, 1)
  precision <- diag(c(1 / 4 + 2, 1, 1)) + matrix(c(0, -1, -1, -1, 0, 0, -1, 0, 0), 3) + 12 * tcrossprod(design)
  evidence <- mvn_log_density(y, rep(0, 3), diag(0.25, 3) + drop(rbind(design) %*% solve(precision - 12 * tcrossprod(design)) %*% design))
  # equal to the log evidence where guide and posterior agree; .01 is the tolerance of the stopping rule
  expect_lt(abs(fit$elbo[["mean"]] - evidence), 0.02)
  z <- fit$unconstrained[, 1, ]
  expect_lt(max(abs(cov(z) / solve(precision) - 1)), 0.25) # 4 standard errors of a covariance of 4000 draws, and the fit's own
})

test_that("it reaches the full-rank optimum of the catalyst and improves on mean field for eight schools", {
  y <- rep(NA_real_, 500)
  y[101] <- 0.6
  catalyst <- fit_svi(model(reaction_measured), c(lab, list(y = y)), guide_structured(), elbo_draws = 20000, seed = 1)
  expect_lt(abs(catalyst$elbo[["mean"]] + 1.253366), 0.05)
  # variational optima do not depend on the seed
  mean_field <- fit_svi(eight, eight_data, guide_normal(), steps = 10000, elbo_draws = 4000, seed = 1)
  structured <- fit_svi(eight, eight_data, guide_structured(), steps = 30000, elbo_draws = 4000, seed = 1)
  expect_gt(structured$elbo[["mean"]], mean_field$elbo[["mean"]] + 0.5)
})

test_that("a point is a point given the sites before it", {
  guide <- guide_structured(conditionals = list(mu = "delta", tau = "delta"))
  fit <- fit_svi(eight, eight_data, guide, steps = 500, draws = 20, seed = 1)
  expect_equal(length(unique(draws(fit, "mu"))), 1)
  expect_gt(length(unique(draws(fit, "theta")[, 1, 1])), 1)
  expect_true(is.na(fit$khat))
})

banana <- model(function() {
  x ~ normal(0, 1)
  y ~ normal(x^2, 0.3)
})

test_that("a function as dependency finds what no linear one does", {
  bent <- guide_structured(dependencies = list(y = list(x = function(delta) param("c", 0) * delta^2 + param("b", 0) * delta)))
  fit_banana <- function(guide) fit_svi(banana, guide = guide, prune = FALSE, reparam = "none", elbo_draws = 4000, seed = 1)
  fit <- fit_banana(bent)
  # the model is normalized and in the family: the ELBO is 0, and where guide and posterior agree it has no noise
  expect_lt(abs(fit$elbo[["mean"]]), 1e-3)
  expect_lt(fit_banana(guide_structured())$elbo[["mean"]], -0.5)
  again <- posterior_draws(fit, 400, seed = 2)
  expect_gt(cor(draws(again, "x")^2, draws(again, "y")), 0.9) # sqrt(2) / sqrt(2.09) = .978
  continued <- fit_svi(fit, steps = 10)
  expect_length(continued$loss, length(fit$loss) + 10)
  for (use in list(reparam_structured, reparam_neutra)) expect_error(use(fit), "functions")
})

test_that("functions of noise have the density that they should", {
  normal <- model(function(y) {
    a ~ normal(0, 2)
    b[1:2] ~ normal(a, 1)
    y ~ normal(a + sum(b), 0.5)
  })
  data <- list(y = c(1.2, 0.4, 2.1))
  mixed <- guide_structured(
    conditionals = list(b = function(noise) matrix(param("w", c(0.1, 0, 0.01, 0.1)), 2) %*% noise),
    dependencies = list(b = list(a = function(delta) param("v", c(0, 0)) * delta))
  )
  exact <- fit_svi(normal, data, guide_structured(), seed = 1)$elbo[["mean"]] # the log evidence, see above
  for (m in list(normal, normal |> reparam(b = decenter()))) {
    # without path derivatives the gradient keeps its noise, so a long run; the standard error is .0008
    fit <- fit_svi(m, data, mixed, steps = 10000, reparam = "none", elbo_draws = 4000, seed = 1)
    expect_lt(abs(fit$elbo[["mean"]] - exact), 0.005)
  }
  # sinh of a normal has the heavier tails that a t with 3 degrees of freedom asks for; the normal's loss is .04
  heavy <- function(noise) param("s", 1, "positive") * sinh(param("k", 0.3, "positive") * noise)
  fit <- fit_svi(model(function() x[1:3] ~ student_t(3, 1, 2)), guide = guide_structured(conditionals = heavy), steps = 4000,
                 prune = FALSE, reparam = "none", elbo_draws = 4000, seed = 1)
  expect_lt(abs(fit$elbo[["mean"]] + 3 * 0.0033), 0.015)
})

test_that("functions that do not fit are named", {
  expect_snapshot(transform = without_lines, {
    show_error(fit_svi(eight, eight_data, guide_structured(conditionals = list(theta = function(noise) noise[1]))))
    show_error(fit_svi(eight, eight_data, guide_structured(dependencies = list(theta = list(mu = function(delta) c(delta, 1))))))
    cat(condition_text(fit_svi(eight, eight_data, guide_structured(conditionals = list(tau = function(noise) param("t", 1))))))
  })
})
