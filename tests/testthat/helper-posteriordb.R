# Models of some posteriors of posteriordb, and the comparison with its reference draws. posteriordb.rds holds their data
# and, of 10,000 reference draws, mean, sd, 5 %, 50 % and 95 % quantiles (posteriordb, Magnusson et al.; BSD-3-Clause);
# tools/posteriordb.R makes it from the JSON files.

posteriordb_models <- list(
  `eight_schools-eight_schools_noncentered` = model(function(J, y, sigma) {
    mu ~ normal(0, 5)
    tau ~ half_cauchy(5)
    theta[1:8] ~ normal(mu, tau)
    y ~ normal(theta, sigma)
  }),
  `kidiq-kidscore_momhsiq` = model(function(N, kid_score, mom_hs, mom_iq, ...) {
    beta[1:3] ~ improper_uniform()
    sigma ~ half_cauchy(2.5)
    kid_score ~ normal(beta[1] + beta[2] * mom_hs + beta[3] * mom_iq, sigma)
  }),
  `garch-garch11` = model(function(T, y, sigma1) {
    mu ~ improper_uniform()
    alpha0 ~ improper_uniform(lower = 0)
    alpha1 ~ improper_uniform(0, 1)
    beta1 ~ improper_uniform(0, 1 - alpha1)
    s <- numeric(T)
    s[1] <- sigma1
    for (t in 2:T) s[t] <- sqrt(alpha0 + alpha1 * (y[t - 1] - mu)^2 + beta1 * s[t - 1]^2)
    y ~ normal(mu, s)
  }),
  `earnings-logearn_height` = model(function(earn, height, ...) {
    beta[1:2] ~ improper_uniform()
    sigma ~ improper_uniform(lower = 0)
    log_earn <- log(earn)
    log_earn <- draw("log_earn", dist_normal(beta[1] + beta[2] * height, sigma), obs = log_earn)
  }),
  `gp_pois_regr-gp_regr` = model(function(x, y, ...) {
    rho ~ gamma(25, 4)
    alpha ~ half_normal(2)
    sigma ~ half_normal(1)
    K <- alpha^2 * exp(-outer(x, x, `-`)^2 / (2 * rho^2)) + sigma * diag(length(x))
    y ~ mvn(rep(0, length(x)), K)
  }),
  `sblrc-blr` = model(function(X, y, ...) {
    beta[1:5] ~ normal(0, 10)
    sigma ~ half_normal(10)
    y ~ normal(as.vector(X %*% beta), sigma)
  })
)

# A row for each quantity: differences of means and quantiles in combined Monte Carlo standard errors, the sds' ratio.
# The standard error of a quantile from n effective draws is half the distance between the quantiles one standard
# error, sqrt(p (1 - p) / n), to either side of p; n is that of the indicator of being below it, 10,000 for the reference.
posteriordb_compare <- function(fit, reference) {
  draws <- as.array(fit, unique(sub("\\[.*", "", names(reference))))
  rows <- lapply(names(reference), function(name) {
    x <- draws[, , name, drop = FALSE]
    known <- reference[[name]]
    quantile_difference <- function(p, known) {
      quantile <- stats::quantile(x, p, names = FALSE)
      below <- array(as.double(x <= quantile), dim(x))
      errors <- vapply(c(convergence(below)[, "ess_mean"], 10000), function(n) {
        diff(stats::quantile(x, p + c(-1, 1) * sqrt(p * (1 - p) / n), names = FALSE)) / 2
      }, 0)
      (quantile - known) / sqrt(sum(errors^2))
    }
    data.frame(
      quantity = name, mean = (mean(x) - known$mean) / sqrt(mcse_mean(x)^2 + known$sd^2 / 10000),
      sd = stats::sd(x) / known$sd, q05 = quantile_difference(0.05, known$q05),
      median = quantile_difference(0.5, known$median), q95 = quantile_difference(0.95, known$q95), rhat = rhat_rank(x)
    )
  })
  do.call(rbind, rows)
}

# The stated tolerance: means and quantiles within 4 combined standard errors, sds within 10 %.
posteriordb_agrees <- function(table) {
  differences <- abs(as.matrix(table[c("mean", "q05", "median", "q95")]))
  apply(differences <= 4, 1, all) & abs(table$sd - 1) <= 0.1
}
