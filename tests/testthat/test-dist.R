test_that("distributions print what they are", {
  expect_equal(format(dist_normal(0, 2)), "normal(mean = 0, sd = 2)")
  expect_equal(format(dist_normal(c(1, 2), 1:10)), "normal(mean = c(1, 2), sd = <10>)")
  expect_equal(format(dist_mvn(c(0, 1), diag(2))), "mvn(mean = c(0, 1), cov = <2 x 2>)")
  expect_equal(
    format(dist_masked(dist_transformed(dist_normal(), list(transform_affine(1, 2), "exp")), c(TRUE, FALSE))),
    "masked(transformed(normal(mean = 0, sd = 1), affine(loc = 1, scale = 2), exp()), mask = c(1, 0))"
  )
  expect_output(print(dist_poisson(3)), "poisson(lambda = 3)", fixed = TRUE)
})

test_that("constants are checked where they are written", {
  expect_error(dist_normal(0, -1), "`sd` must be positive, but is -1", class = "reparam_error")
  expect_error(dist_normal(0, c(1, 0)), "`sd` must be positive, but element 2 is 0", class = "reparam_error")
  expect_error(dist_normal(NA, 1), "`mean` must be finite", class = "reparam_error")
  expect_error(dist_normal("a", 1), "`mean` must be numeric, not the text \"a\"", class = "reparam_error")
  expect_error(dist_normal(numeric(), 1), "`mean` must not be empty", class = "reparam_error")
  expect_error(dist_normal(factor("a"), 1), "`mean` must be numeric, not a factor", class = "reparam_error")
  expect_error(dist_binomial(2.5, 0.5), "`size` must be a whole number", class = "reparam_error")
  expect_error(dist_bernoulli(1.1), "`prob` must be between 0 and 1", class = "reparam_error")
  expect_error(dist_bernoulli(), "Give either `prob` or `logits`.", class = "reparam_error", fixed = TRUE)
  expect_error(dist_bernoulli(0.5, 0), "not both", class = "reparam_error")
  expect_error(dist_uniform(2, 1), "`min` must be below `max`, but is 2 and 1", class = "reparam_error")
})

test_that("values that depend on sites are left to the engine", {
  m <- model(function() {
    s ~ normal(0, 1)
    x ~ normal(0, s)
  })
  expect_s3_class(model_spec(m, list()), "reparam_spec")
})

test_that("every exported constructor is a family of the engine", {
  one <- list(
    dist_normal(), dist_student_t(3), dist_cauchy(), dist_laplace(), dist_asymmetric_laplace(), dist_soft_laplace(),
    dist_logistic(), dist_gumbel(), dist_lognormal(), dist_half_normal(), dist_half_cauchy(), dist_half_student_t(3),
    dist_exponential(), dist_gamma(2), dist_inv_gamma(2), dist_chi_squared(2), dist_weibull(2), dist_pareto(1, 2),
    dist_inverse_gaussian(1), dist_levy(), dist_uniform(), dist_improper_uniform(), dist_beta(1, 2),
    dist_beta_proportion(0.5, 2), dist_kumaraswamy(1, 2), dist_von_mises(0, 1)
  )
  for (d in one) expect_true(is.finite(site_log_density(d, if (d$family == "pareto") 1.5 else 0.5)), label = d$family)
  counts <- list(
    dist_bernoulli(0.5), dist_bernoulli(logits = 0), dist_binomial(3, 0.5), dist_binomial(3, logits = 0),
      dist_poisson(2),
    dist_zero_inflated_poisson(2, 0.1), dist_neg_binomial(2, 0.5), dist_neg_binomial(2, mu = 1), dist_geometric(0.3),
    dist_beta_binomial(3, 1, 2), dist_hypergeometric(4, 5, 3), dist_categorical(1:3), dist_categorical(logits = 1:3),
    dist_ordered_logistic(0, 1:3)
  )
  for (d in counts) expect_true(is.finite(site_log_density(d, 1)), label = d$family)
})

# A probability of 1.7 or a shape of -0.7: formulas give finite numbers there, which would be sampled.
test_that("an argument that leaves its range while sampling leaves no density", {
  below <- alist(
    gamma(a, 1), inv_gamma(a, 1), chi_squared(a), inverse_gaussian(a, 1), beta(a, 1), beta(1, a),
    beta_proportion(a, 2), beta_proportion(0.5, a), bernoulli(a), binomial(5, a), beta_binomial(5, a, 1),
    beta_binomial(5, 1, a), poisson(a), zero_inflated_poisson(a, 0.2), zero_inflated_poisson(1, a),
    neg_binomial(a, 0.5), neg_binomial(2, a), neg_binomial(2, mu = a), geometric(a), student_t(a, 0, 1), normal(0, a),
    half_student_t(a, 1), weibull(a, 1), pareto(a, 1), kumaraswamy(a, 1), von_mises(0, a), uniform(0.1, a),
    zero_inflated(poisson(2), a), mixture(normal(0, 1), normal(1, 1), weights = c(a, 1)), exponential(a),
    truncated(poisson(a), lower = 0), censored(normal(0, a), upper = 0), interval_censored(normal(0, a), -1, 1)
  )
  above <- alist(bernoulli(a), binomial(5, a), geometric(a), neg_binomial(2, a), beta_proportion(a, 2),
                 zero_inflated_poisson(1, a), zero_inflated(poisson(2), a))
  events <- alist(
    dirichlet(c(a, 1, 1)), categorical(c(a, 1, 2)), multinomial(3, c(a, 1, 1)), mvn(c(0, 0), matrix(c(a, 0, 0, 1), 2)),
    ordered_logistic(0, c(1, a)), lkj_cholesky(2, a), wishart(a, diag(2)), gaussian_random_walk(2, a)
  )
  at <- list(c(0.2, 0.3, 0.5), 1, c(1, 1, 1), c(0.1, 0.2), 3, matrix(c(1, 0.6, 0, 0.8), 2), diag(2), c(0.1, 0.2))
  density_of <- function(d, y, a) {
    m <- model(eval(call("function", as.pairlist(alist(y = )), bquote({
      a ~ normal(0, 1)
      y ~ .(d)
    }))))
    # an argument that is NaN is an error that names it; no number comes out
    tryCatch(as.numeric(log_density(m, list(y = y), a)), reparam_error = function(e) NaN)
  }
  for (y in 0:2) {
    for (d in below) expect_false(is.finite(density_of(d, y, -0.7)), info = deparse(d))
    for (d in above) expect_false(is.finite(density_of(d, y, 1.7)), info = deparse(d))
  }
  for (k in seq_along(events)) expect_false(is.finite(density_of(events[[k]], at[[k]], -0.7)), info = deparse(events[[k]]))
  # where the constraint holds nothing changes
  expect_equal(density_of(quote(poisson(a)), 2, 0.7), dpois(2, 0.7, TRUE) + dnorm(0.7, log = TRUE))
  expect_equal(density_of(quote(dirichlet(c(a, 1, 1))), at[[1]], 0.7),
               lgamma(2.7) - lgamma(0.7) - 0.3 * log(0.2) + dnorm(0.7, log = TRUE))
})
