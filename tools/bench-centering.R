# Effective draws of the worst parameter per 1000 gradients with every hierarchical site decentered (c = 0), centered
# (c = 1) and adapted (auto), and by rstan's sampler on the decentered programs in tools/stan; warm-up included, 4
# chains of 1000 draws, medians over seeds; worst R-hat, divergences, and distance of a mean from that of a long run in
# sds:
#   Rscript tools/bench-centering.R [seeds=5] [models=all] [methods="c = 0,c = 1,auto"] [warmup=400] [out=file.csv]
# `models` and `methods` are names separated by commas; `methods` may have "rstan". Rows of the file for other models
# and methods are kept.
library(reparam)

arguments <- list(seeds = "5", models = "all", methods = "c = 0,c = 1,auto", warmup = "400", out = "")
for (text in commandArgs(TRUE)) arguments[[sub("=.*", "", text)]] <- sub("[^=]*=", "", text)

sizes <- function(n, from, to) round(exp(seq(log(from), log(to), length.out = n)))

grouped_data <- function(sizes, mu, tau, sigma, effect = rnorm(length(sizes))) {
  group <- rep(seq_along(sizes), sizes)
  list(y = rnorm(length(group), (mu + tau * effect)[group], sigma), group = group, J = length(sizes))
}

grouped <- model(function(y, group, J, unit = 1) {
  mu ~ normal(0, 10 * unit)
  tau ~ half_normal(5 * unit)
  sigma ~ half_normal(10 * unit)
  theta[1:J] ~ normal(mu, tau)
  y ~ normal(theta[group], sigma)
})

walk_data <- function(s, sigma) {
  x <- cumsum(rnorm(200, 0, s))
  list(y = rnorm(200, x, sigma), n = 200, sigma_typical = sigma)
}

walk <- model(function(y, n, sigma_typical) {
  s ~ half_normal(1)
  sigma ~ lognormal(log(sigma_typical), 0.1)
  x <- numeric(n)
  x[1] ~ normal(0, 1)
  for (t in 2:n) x[t] ~ normal(x[t - 1], s)
  y ~ normal(x, sigma)
})

benchmarks <- list(
  eight_schools = list(
    model = model(function(y, sigma) {
      mu ~ normal(0, 5)
      tau ~ half_cauchy(5)
      theta[1:8] ~ normal(mu, tau)
      y ~ normal(theta, sigma)
    }),
    data = function() list(y = c(28, 8, -3, 7, -1, 1, 18, 12), sigma = c(15, 10, 16, 11, 9, 11, 10, 18)),
    stan = "eight_schools"
  ),
  groups_uneven = list(model = grouped, data = function() grouped_data(sizes(100, 1, 200), 2, 1, 4), stan = "grouped"),
  groups_uneven_x1000 = list(model = grouped, data = function() {
    set.seed(2)
    data <- grouped_data(sizes(100, 1, 200), 2, 1, 4)
    c(replace(data, "y", list(1000 * data$y)), unit = 1000)
  }, stan = "grouped"),
  logistic = list(
    model = model(function(y, group, J) {
      mu ~ normal(0, 2)
      tau ~ half_normal(2)
      theta[1:J] ~ normal(mu, tau)
      y ~ bernoulli(logits = theta[group])
    }),
    data = function() {
      group <- rep(1:50, sizes(50, 2, 200))
      list(y = rbinom(length(group), 1, plogis(rnorm(50, 0.5, 1)[group])), group = group, J = 50)
    },
    stan = "logistic"
  ),
  student_t = list(
    model = model(function(y, group, J) {
      mu ~ normal(0, 10)
      tau ~ half_normal(5)
      sigma ~ half_normal(10)
      theta[1:J] ~ student_t(4, mu, tau)
      y ~ normal(theta[group], sigma)
    }),
    data = function() {
      grouped_data(rep(c(2, 5, 20, 60), length.out = 40), 1, 1, 2, effect = replace(rt(40, 4), c(3, 20), c(8, -10)))
    },
    stan = "student_t"
  ),
  lognormal_poisson = list(
    model = model(function(y, exposure, J) {
      m ~ normal(0, 2)
      s ~ half_normal(1)
      rate[1:J] ~ lognormal(m, s)
      y ~ poisson(exposure * rate)
    }),
    data = function() {
      exposure <- exp(seq(log(0.2), log(100), length.out = 60))
      list(y = rpois(60, exposure * rlnorm(60, 0.5, 0.7)), exposure = exposure, J = 60)
    },
    stan = "lognormal_poisson"
  ),
  three_levels = list(
    model = model(function(y, parent, group, A, B) {
      mu ~ normal(0, 10)
      tau_a ~ half_normal(5)
      tau_b ~ half_normal(5)
      sigma ~ half_normal(10)
      a[1:A] ~ normal(mu, tau_a)
      b[1:B] ~ normal(a[parent], tau_b)
      y ~ normal(b[group], sigma)
    }),
    data = function() {
      parent <- rep(1:20, each = 8)
      b <- rnorm(160, rnorm(20, 2, 1)[parent], 0.5)
      group <- rep(1:160, rep(c(1, 2, 5, 20), length.out = 160))
      list(y = rnorm(length(group), b[group], 1), parent = parent, group = group, A = 20, B = 160)
    },
    stan = "three_levels"
  ),
  walk_weak = list(model = walk, data = function() walk_data(0.1, 1), stan = "walk"),
  walk_informative = list(model = walk, data = function() walk_data(0.5, 0.5), stan = "walk"),
  groups_strong = list(model = grouped, data = function() grouped_data(sizes(100, 20, 200), 2, 1, 1), stan = "grouped"),
  tau_zero = list(model = grouped, data = function() grouped_data(sizes(50, 2, 40), 2, 0, 3), stan = "grouped"),
  funnel = list(
    model = model(function() {
      v ~ normal(0, 3)
      x[1:9] ~ normal(0, exp(v / 2))
    }),
    data = function() list(), prune = FALSE, stan = "funnel"
  ),
  crossed = list(
    model = model(function(y, row_of, column_of) {
      mu ~ normal(0, 10)
      tau_row ~ half_normal(2)
      tau_column ~ half_normal(2)
      sigma ~ half_normal(5)
      a[1:30] ~ normal(0, tau_row)
      b[1:25] ~ normal(0, tau_column)
      y ~ normal(mu + a[row_of] + b[column_of], sigma)
    }),
    data = function() {
      row_of <- sample(30, 600, TRUE)
      column_of <- sample(25, 600, TRUE)
      list(y = rnorm(600, 1 + rnorm(30)[row_of] + rnorm(25, 0, 0.5)[column_of], 1),
           row_of = row_of, column_of = column_of)
    },
    stan = "crossed"
  ),
  slopes = list(
    model = model(function(y, x, group, J) {
      mu[1:2] ~ normal(0, 5)
      spread[1:2] ~ half_normal(2)
      r ~ uniform(-1, 1)
      sigma ~ half_normal(5)
      b[1:J, 1:2] ~ mvn(mu, cholesky = rbind(c(spread[1], 0), spread[2] * c(r, sqrt(1 - r^2))))
      y ~ normal(b[group, 1] + b[group, 2] * x, sigma)
    }),
    data = function() {
      group <- rep(1:60, sizes(60, 2, 150))
      x <- rnorm(length(group))
      u <- rnorm(60)
      b <- cbind(1 + u, -0.5 + 0.7 * (0.5 * u + sqrt(0.75) * rnorm(60)))
      list(y = rnorm(length(group), b[group, 1] + b[group, 2] * x, 3), x = x, group = group, J = 60)
    },
    stan = "slopes"
  )
)

strategies <- list("c = 0" = reparam_auto(centered = 0), "c = 1" = "none", auto = "auto")

fit_benchmark <- function(benchmark, data, strategy, seed, ...) {
  prune <- if (is.null(benchmark$prune)) TRUE else benchmark$prune
  fit_nuts(benchmark$model, data, reparam = strategy, prune = prune, seed = seed, refresh = FALSE, ...)
}

measure <- function(benchmark, data, method, seed, long) {
  if (method == "rstan") return(measure_stan(benchmark$stan, data, seed, long))
  fit <- fit_benchmark(benchmark, data, strategies[[method]], seed, iter_warmup = as.integer(arguments$warmup))
  table <- summary(fit)
  gradients <- sum(fit$adaptation$gradients_warmup + fit$adaptation$gradients_sampling)
  c(efficiency = 1000 * min(table$ess_bulk) / gradients, rhat = max(table$rhat),
    divergent = 100 * mean(fit$sampler$divergent), bias = bias(table$variable, table$mean, long))
}

# The decentered model by rstan with 1000 iterations of its own warm-up.
measure_stan <- function(program, data, seed, long) {
  if (!is.null(data$y)) data$N <- length(data$y)
  if (program == "grouped" && is.null(data$unit)) data$unit <- 1
  fit <- rstan::sampling(stan_program(program), data = data, seed = seed, refresh = 0)
  statistics <- rstan::get_sampler_params(fit)
  gradients <- sum(vapply(statistics, function(x) sum(x[, "n_leapfrog__"]), 0))
  divergent <- mean(vapply(rstan::get_sampler_params(fit, inc_warmup = FALSE), function(x) mean(x[, "divergent__"]), 0))
  draws <- as.array(fit)
  draws <- draws[, , !grepl("^(lp__|z)", dimnames(draws)[[3]]), drop = FALSE]
  c(efficiency = 1000 * min(apply(draws, 3, rstan::ess_bulk)) / gradients, rhat = max(apply(draws, 3, rstan::Rhat)),
    divergent = 100 * divergent, bias = bias(dimnames(draws)[[3]], apply(draws, 3, mean), long))
}

bias <- function(variable, mean, long) {
  at <- match(variable, long$variable)
  max(abs(mean - long$mean[at]) / long$sd[at])
}

stan_programs <- new.env()
stan_program <- function(name) {
  if (is.null(stan_programs[[name]])) {
    if (dir.exists("/usr/include/boost")) rstan::rstan_options(boost_lib = "/usr/include")
    stan_programs[[name]] <- rstan::stan_model(file.path("tools", "stan", paste0(name, ".stan")))
  }
  stan_programs[[name]]
}

run <- function(name, methods, seeds) {
  set.seed(match(name, names(benchmarks)))
  benchmark <- benchmarks[[name]]
  data <- benchmark$data()
  long <- summary(fit_benchmark(benchmark, data, "auto", 1001,
                                iter_warmup = 1000, iter_sampling = 10000, adapt_delta = 0.95))
  rows <- lapply(methods, function(method) {
    values <- vapply(seeds, function(seed) measure(benchmark, data, method, seed, long), numeric(4))
    row <- data.frame(
      model = name, method = method, efficiency = signif(median(values["efficiency", ]), 3),
      rhat = round(max(values["rhat", ]), 3), divergent_percent = round(max(values["divergent", ]), 2),
      bias = round(max(values["bias", ]), 3), seeds = length(seeds)
    )
    print(row, row.names = FALSE)
    row
  })
  do.call(rbind, rows)
}

split_names <- function(text) strsplit(text, ",")[[1]]
chosen <- if (arguments$models == "all") names(benchmarks) else split_names(arguments$models)
methods <- split_names(arguments$methods)
results <- NULL
for (name in chosen) {
  results <- rbind(results, run(name, methods, seq_len(as.integer(arguments$seeds))))
  if (!nzchar(arguments$out)) next
  old <- if (file.exists(arguments$out)) read.csv(arguments$out)
  old <- old[!paste(old$model, old$method) %in% paste(results$model, results$method), ]
  write.csv(rbind(old, results), arguments$out, row.names = FALSE, quote = FALSE)
}
wide <- reshape(results[c("model", "method", "efficiency")], idvar = "model", timevar = "method", direction = "wide")
names(wide) <- sub("efficiency.", "", names(wide), fixed = TRUE)
if (all(names(strategies) %in% methods)) wide$ratio <- round(wide$auto / pmax(wide[["c = 0"]], wide[["c = 1"]]), 2)
print(wide, row.names = FALSE)
