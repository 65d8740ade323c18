# Does fit_svi(steps = "auto") stop where it should? For each posterior and guide the best ELBO known, that of a grid of
# fixed numbers of steps, and what "auto" gives; writes vignettes/svi-bench.csv.
#
#   Rscript tools/bench-svi.R [--data=posteriordb] [--out=FILE] [--seeds=2] [name ...]
#
# DIR holds posteriordb's data as json files (earnings-logearn_height.json, ...); posteriors whose file is missing are
# left out. "best": the largest ELBO of any run of the table, the longest ones with 100,000 steps. "fewest": the fewest
# steps of the grid for which the median over seeds falls short of the best by less than .05 nats. A row passes when the
# longest of the runs by "auto" takes at most twice that, and none of them falls short by more than .05 nats.
library(reparam)

arguments <- commandArgs(TRUE)
option <- function(name, otherwise) {
  given <- grep(sprintf("^--%s=", name), arguments, value = TRUE)
  if (length(given)) sub(".*?=", "", given[1]) else otherwise
}
data_dir <- option("data", "posteriordb")
out <- option("out", "vignettes/svi-bench.csv")
seeds <- seq_len(as.integer(option("seeds", "2")))
wanted <- grep("^--", arguments, value = TRUE, invert = TRUE)

grid <- 250 * 2^(0:8)
longest <- 100000
near <- 0.05

posteriordb <- function(file) {
  path <- file.path(data_dir, paste0(file, ".json"))
  if (file.exists(path)) jsonlite::fromJSON(path)$data
}

cases <- list()

cases$eight_schools <- list(file = "eight_schools-eight_schools_noncentered", data = function(d) d[c("y", "sigma")],
  model = function() {
    model(function(y, sigma) {
      mu ~ normal(0, 5)
      tau ~ half_cauchy(5)
      theta[1:8] ~ normal(mu, tau)
      y ~ normal(theta, sigma)
    }) |> reparam(theta = decenter())
  })

cases$kidscore_momhsiq <- list(file = "kidiq-kidscore_momhsiq",
  data = function(d) d[c("kid_score", "mom_hs", "mom_iq")],
  model = function() {
    model(function(kid_score, mom_hs, mom_iq) {
      beta[1:3] ~ improper_uniform()
      sigma ~ half_cauchy(2.5)
      kid_score ~ normal(beta[1] + beta[2] * mom_hs + beta[3] * mom_iq, sigma)
    })
  })

cases$garch11 <- list(file = "garch-garch11", data = function(d) list(y = d$y, sigma1 = d$sigma1), model = function() {
  model(function(y, sigma1) {
    mu ~ improper_uniform()
    alpha0 ~ improper_uniform(lower = 0)
    alpha1 ~ uniform(0, 1)
    beta1 ~ improper_uniform(0, 1 - alpha1)
    n <- length(y)
    s <- numeric(n)
    s[1] <- sigma1
    for (t in 2:n) s[t] <- sqrt(alpha0 + alpha1 * (y[t - 1] - mu)^2 + beta1 * s[t - 1]^2)
    y ~ normal(mu, s)
  })
})

cases$logearn_height <- list(file = "earnings-logearn_height",
  data = function(d) d[c("earn", "height")],
  model = function() {
    model(function(earn, height) {
      beta[1:2] ~ improper_uniform()
      sigma ~ improper_uniform(lower = 0)
      log_earn <- draw("log_earn", dist_normal(beta[1] + beta[2] * height, sigma), obs = log(earn))
    })
  })

cases$gp_regr <- list(file = "gp_pois_regr-gp_regr", data = function(d) d[c("x", "y")], model = function() {
  model(function(x, y) {
    rho ~ gamma(25, 4)
    alpha ~ half_normal(2)
    sigma ~ half_normal(1)
    K <- alpha^2 * exp(-outer(x, x, "-")^2 / (2 * rho^2)) + sigma * diag(length(x))
    y ~ mvn(rep(0, length(x)), K)
  })
})

cases$blr <- list(file = "sblrc-blr", data = function(d) list(X = d$X, y = as.vector(d$y)), model = function() {
  model(function(X, y) {
    beta[1:5] ~ normal(0, 10)
    sigma ~ half_normal(10)
    y ~ normal(as.vector(X %*% beta), sigma)
  })
})

shared <- new.env()
sys.source(file.path("tools", "bench-models.R"), shared)
measured <- function() c(shared$lab(), list(y = replace(rep(NA_real_, 500), 101, 0.6)))
cases$catalyst <- list(data = measured, model = function() model(shared$reaction))
cases$catalyst_unpruned <- list(data = measured, settings = list(prune = FALSE), model = function() {
  model(shared$reaction) |> reparam(k = decenter(), k_d = decenter(), y = decenter())
})

cases$funnel <- list(data = function() list(), model = function() {
  model(function() {
    y ~ normal(0, 3)
    x[1:9] ~ normal(0, exp(y / 2))
    log_factor("keep", 0 * y * x[1])
  })
})

guides <- list(normal = guide_normal(), mvn = guide_mvn())
# A full covariance of 501 quantities has 125,000 parameters: here the correlated two have it.
cases$catalyst_unpruned$guides <- list(normal = guide_normal(), mvn = guide_list(guide_mvn("k", "k_d"), guide_normal()))

# Fits with the same seed measure their ELBO by the same random numbers.
elbo_of <- function(case, model, data, guide, steps, seed) {
  settings <- list(model, data, guide = guide, steps = steps, seed = seed, draws = 2, elbo_draws = 20000)
  fit <- suppressWarnings(do.call(fit_svi, c(settings, case$settings)))
  data.frame(steps = if (identical(steps, "auto")) NA else steps, taken = length(fit$loss), elbo = fit$elbo[["mean"]],
             mcse = fit$elbo[["mcse"]], converged = fit$converged)
}

run_case <- function(name, guide) {
  case <- cases[[name]]
  data <- if (is.null(case$file)) case$data() else {
    given <- posteriordb(case$file)
    if (is.null(given)) return(NULL)
    case$data(given)
  }
  model <- case$model()
  runs <- do.call(rbind, lapply(seeds, function(seed) {
    of_case <- if (is.null(case$guides)) guides else case$guides
    one <- function(steps) cbind(elbo_of(case, model, data, of_case[[guide]], steps, seed), seed = seed)
    do.call(rbind, lapply(c("auto", as.list(grid), longest), one))
  }))
  best <- tapply(runs$elbo, runs$seed, max)
  runs$short <- best[as.character(runs$seed)] - runs$elbo
  fixed <- runs[!is.na(runs$steps) & runs$steps %in% grid, ]
  median_short <- tapply(fixed$short, fixed$steps, stats::median)
  fewest <- min(as.numeric(names(median_short))[median_short < near], Inf)
  auto <- runs[is.na(runs$steps), ]
  row <- data.frame(
    posterior = name, guide = guide, best = max(best), fewest = fewest, auto = max(auto$taken),
    ratio = max(auto$taken) / fewest, short = max(auto$short), converged = all(auto$converged)
  )
  row$passes <- row$converged && is.finite(fewest) && row$ratio <= 2 && row$short <= near
  message(sprintf("%-18s %-7s best %9.3f  fewest %6.0f  auto %-20s  short %s  %s", name, guide, row$best, fewest,
                  paste(auto$taken, collapse = " "), paste(format(round(auto$short, 3)), collapse = " "),
                  if (row$passes) "" else "FAILS"))
  row
}

names <- if (length(wanted)) intersect(names(cases), wanted) else names(cases)
run_guides <- function(name) do.call(rbind, lapply(names(guides), function(guide) run_case(name, guide)))
table <- do.call(rbind, lapply(names, run_guides))
print(table, digits = 4, row.names = FALSE)
if (!length(wanted)) {
  for (column in c("best", "short")) table[[column]] <- sprintf("%.3f", table[[column]])
  table$ratio <- ifelse(is.finite(table$fewest), sprintf("%.2f", table$ratio), "")
  table$fewest <- ifelse(is.finite(table$fewest), table$fewest, paste(">", max(grid)))
  utils::write.csv(table, out, row.names = FALSE, quote = FALSE)
}
