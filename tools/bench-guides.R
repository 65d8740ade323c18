# How near does each guide come to posteriors that are not normal? Prints a table: the ELBO minus the log evidence (0 at
# best: minus the divergence from the posterior), Pareto k, and the steps that "auto" took. The table of ?guide_iaf is the
# median and the worst over seeds.
#
#   Rscript tools/bench-guides.R [--seeds=1:5] [--guides=mvn,iaf,coupling] [--csv=FILE] [case ...]
#
# A further guide may be written out: --guides='guide_coupling(bins = 4)'. Standard errors of the ELBOs are below .01.
library(reparam)

arguments <- commandArgs(TRUE)
option <- function(name, otherwise) {
  given <- grep(sprintf("^--%s=", name), arguments, value = TRUE)
  if (length(given)) sub(".*?=", "", given[1]) else otherwise
}
seeds <- eval(parse(text = option("seeds", "1:5")))
guides <- strsplit(option("guides", "normal,mvn,iaf,coupling"), ",(?![^(]*\\))", perl = TRUE)[[1]]
csv <- option("csv", "")
wanted <- grep("^--", arguments, value = TRUE, invert = TRUE)

cases <- list()

# Densities that are normalized, so that the log evidence is 0.
cases$funnel <- list(evidence = 0, model = model(function() {
  y ~ normal(0, 3)
  x[1:9] ~ normal(0, exp(y / 2))
}))

cases$banana <- list(evidence = 0, model = model(function() {
  a ~ normal(0, 1)
  b ~ normal(a^2, 0.1)
}))

cases$two_modes <- list(evidence = 0, model = model(function() {
  x ~ mixture(dist_normal(-2, 0.5), dist_normal(2, 0.7), weights = c(0.6, 0.4))
  z ~ normal(x / 2, 1)
}))

schools <- list(y = c(28, 8, -3, 7, -1, 1, 18, 12), sigma = c(15, 10, 16, 11, 9, 11, 10, 18))
# Of y given mu and tau theta is integrated out: normal(mu, sqrt(sigma^2 + tau^2)).
evidence_of_schools <- function() {
  given_tau <- function(tau) {
    of_mu <- function(mu) {
      vapply(mu, function(m) exp(sum(dnorm(schools$y, m, sqrt(schools$sigma^2 + tau^2), log = TRUE)) + 30), 0) *
        dnorm(mu, 0, 5)
    }
    integrate(of_mu, -40, 40, rel.tol = 1e-10)$value * 2 * dcauchy(tau, 0, 5)
  }
  log(integrate(Vectorize(given_tau), 0, Inf, rel.tol = 1e-8)$value) - 30
}
cases$schools_centered <- list(evidence = evidence_of_schools(), data = schools, model = model(function(y, sigma) {
  mu ~ normal(0, 5)
  tau ~ half_cauchy(5)
  theta[1:8] ~ normal(mu, tau)
  y ~ normal(theta, sigma)
}))

# The log evidence by quadrature, as in the tests.
cases$catalyst <- list(evidence = -1.170807, data = list(y = c(rep(NA, 100), 0.6, rep(NA, 399))), model = model(function(y) {
  k ~ lognormal(0, 1)
  k_d ~ lognormal(-2, 1)
  cat <- numeric(500)
  a <- numeric(500)
  c_now <- 0.1
  a_now <- 1
  for (i in 1:500) {
    c_now <- c_now - 0.01 * k_d * c_now
    cat[i] <- c_now
    a_now <- a_now - 0.01 * k * c_now * a_now
    a[i] <- a_now
  }
  y ~ lognormal(log(a), 0.05)
}))

guide_of <- function(name) if (grepl("(", name, fixed = TRUE)) eval(parse(text = name)) else get(paste0("guide_", name))()

run <- function(name, guide, seed) {
  case <- cases[[name]]
  data <- if (is.null(case$data)) list() else case$data
  elapsed <- system.time(
    fit <- fit_svi(case$model, data, guide_of(guide), prune = name == "catalyst", reparam = "none", elbo_draws = 20000,
                   seed = seed)
  )[["elapsed"]]
  data.frame(case = name, guide = guide, seed = seed, gap = fit$elbo[["mean"]] - case$evidence,
             mcse = fit$elbo[["mcse"]], khat = fit$khat, steps = length(fit$loss), seconds = round(elapsed, 1))
}

rows <- list()
for (name in if (length(wanted)) wanted else names(cases)) {
  for (guide in guides) {
    for (seed in seeds) {
      row <- tryCatch(run(name, guide, seed), error = function(e) {
        message(name, ", ", guide, ", seed ", seed, ": ", conditionMessage(e))
        NULL
      })
      rows <- c(rows, list(row))
      if (!is.null(row)) cat(sprintf("%-17s %-32s %2d  gap %8.4f (%.4f)  k %5.2f  %6d steps %6.1f s\n", name, guide, seed, row$gap,
                                     row$mcse, row$khat, row$steps, row$seconds))
    }
  }
}
rows <- do.call(rbind, rows)
if (nzchar(csv)) utils::write.csv(rows, csv, row.names = FALSE)

by_case <- split(rows, factor(paste(rows$case, rows$guide), unique(paste(rows$case, rows$guide))))
table <- do.call(rbind, lapply(by_case, function(r) {
  data.frame(case = r$case[1], guide = r$guide[1], gap = round(stats::median(r$gap), 3), worst = round(min(r$gap), 3),
             khat = round(max(r$khat), 2), steps = stats::median(r$steps), seconds = stats::median(r$seconds))
}))
print(table, row.names = FALSE)
