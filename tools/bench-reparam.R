# What each reparameterizer gains on a small posterior where plain coordinates are bad: effective draws of the worst
# parameter per 1000 gradients (NUTS, warm-up included, median over seeds) or the ELBO of a mean-field guide (SVI, in
# nats, its own evidence where that is known); faster: the ratio of seconds per effective draw, before and after:
#   Rscript tools/bench-reparam.R [out=vignettes/reparam-bench.csv] [cases=all] [seeds=3]
library(reparam)

arguments <- list(out = "vignettes/reparam-bench.csv", cases = "all", seeds = "3")
for (text in commandArgs(TRUE)) arguments[[sub("=.*", "", text)]] <- sub("[^=]*=", "", text)
seeds <- seq_len(as.integer(arguments$seeds))

schools <- model(function(y, sigma) {
  mu ~ normal(0, 5)
  tau ~ half_cauchy(5)
  theta[1:8] ~ normal(mu, tau)
  y ~ normal(theta, sigma)
})
schools_data <- list(y = c(28, 8, -3, 7, -1, 1, 18, 12), sigma = c(15, 10, 16, 11, 9, 11, 10, 18))

rates <- model(function(y, J) {
  m ~ normal(0, 1)
  s ~ half_normal(1)
  rate[1:J] ~ lognormal(m, s)
  y ~ poisson(rate)
})

heavy <- model(function(y) {
  x[1:10] ~ student_t(1, 0, 1)
  total := sum(x)
  y ~ normal(total, 100)
})

robust_mean <- model(function(y) {
  mu ~ normal(0, 10)
  scale ~ half_normal(1)
  y ~ student_t(3, mu, scale)
})
robust_mean_data <- {
  set.seed(1)
  list(y = 1 + 0.5 * rt(30, 2))
}

angles <- model(function(y) {
  longitude ~ uniform(-pi, pi)
  height ~ uniform(-1, 1)
  x := c(sqrt(1 - height^2) * cos(longitude), sqrt(1 - height^2) * sin(longitude), height)
  y ~ normal(x, 0.3)
})
direction <- model(function(y) {
  x ~ projected_normal(c(0, 0, 0))
  y ~ normal(x, 0.3)
})

corner <- model(function(y) {
  p ~ relaxed_onehot_categorical(0.2, logits = c(0, 0.5, -0.5))
  y ~ normal(p[1] - p[3], 1)
})

walk <- model(function(y, n, ratio) {
  x ~ gaussian_random_walk(n, 1)
  y ~ normal(x, ratio)
})
walk_data <- function(ratio) {
  set.seed(1)
  list(y = cumsum(rnorm(256)) + rnorm(256, 0, ratio), n = 256, ratio = ratio)
}

angle <- model(function(y) {
  direction ~ von_mises(3, 0.5)
  y ~ von_mises(direction, 3)
})

line <- model(function(x, y) {
  a ~ normal(0, 100)
  b ~ normal(0, 10)
  y ~ normal(a + b * x, 1)
})
line_data <- list(x = 50:59, y = c(25.4, 24.9, 26.6, 27.1, 26.8, 27.9, 28.5, 28.0, 29.6, 29.3))

level <- model(function(y, n) {
  mu ~ normal(0, 100)
  x ~ gaussian_random_walk(n, 0.1)
  y ~ normal(mu + x, 3)
})

twins <- model(function(y) {
  b[1:2] ~ normal(0, 100)
  y ~ normal(b[1] + b[2], 0.1)
})

jumps <- model(function(y, noise) {
  step[1:4] ~ stable(1.2, 0, 0.3)
  y ~ normal(cumsum(step), noise)
})
jumps_data <- function(noise) list(y = c(0.1, 0.3, 5.4, 5.6), noise = noise)

outliers <- model(function(x, y) {
  a ~ normal(0, 5)
  b ~ normal(0, 5)
  y ~ stable(1.5, 0.4, 0.3, a + b * x)
})
outliers_data <- {
  x <- seq(-1, 1, length.out = 8)
  list(x = x, y = 1 + 2 * x + c(0.1, -0.2, 0.05, 1.9, -0.1, 0.15, -0.3, 0.1))
}

sizes <- model(function(y) {
  x[1:10] ~ half_normal(1)
  y ~ normal(x, 1)
})
sizes_data <- list(y = seq(-1, 2, length.out = 10))
sizes_evidence <- sum(log(vapply(sizes_data$y, function(y) {
  integrate(function(x) 2 * dnorm(x) * dnorm(y, x), 0, Inf, rel.tol = 1e-10)$value
}, 0)))

funnel <- model(function() {
  v ~ normal(0, 3)
  x[1:4] ~ normal(0, exp(v / 2))
})

coin <- model(function(hits, n) {
  p ~ beta(0.5, 1.5)
  hits ~ binomial(n, p)
})

pair <- model(function(y, sigma) {
  mu ~ normal(0, 1)
  x ~ normal(mu, 1)
  y ~ normal(x, sigma)
})

robust <- model(function(y) {
  step ~ half_normal(1)
  x ~ gaussian_random_walk(length(y), step)
  y ~ student_t(2, x, 0.3)
})
robust_hmm <- model(function(y) {
  step ~ half_normal(1)
  y ~ linear_hmm(dist_normal(0, step), 1, dist_normal(0, step), 1, dist_student_t(2, 0, 0.3), duration = length(y))
})
robust_data <- {
  set.seed(2)
  list(y = cumsum(rnorm(60, 0, 0.3)) + 0.3 * rt(60, 2))
}

trained <- function(guide, of, model, data, ...) {
  of(fit_svi(model, data, guide = guide, prune = FALSE, reparam = "none", seed = 1, ...))
}

# `with` is called when its case runs: a model, or (for the same model) what goes into reparam().
nuts <- function(model, data, with, ..., only_with = list()) {
  list(engine = "NUTS", model = model, data = data, with = with, settings = list(...), only_with = only_with)
}
svi <- function(model, data, with, evidence = NA, ...) {
  list(engine = "SVI", model = model, data = data, with = with, evidence = evidence, settings = list(...))
}
cases <- list(
  loc_scale = nuts(schools, schools_data, function(m) reparam(m, theta = reparam_loc_scale(0))),
  loc_scale_svi = svi(pair, list(y = 1.3, sigma = 0.5), function(m) reparam(m, x = reparam_loc_scale()),
                      dnorm(1.3, 0, sqrt(2.25), log = TRUE), tolerance = 1e-3),
  transform = nuts(rates, list(y = c(0, 1, 1, 2, 0, 0, 1, 3, 1, 0), J = 10), function(m) reparam(m, rate = decenter())),
  student_t = nuts(heavy, list(y = 3), function(m) reparam(m, x = list(reparam_student_t(), reparam_loc_scale(0)))),
  student_t_observed = nuts(robust_mean, robust_mean_data, function(m) reparam(m, y = reparam_student_t())),
  gumbel_softmax = nuts(corner, list(y = 0.5), function(m) reparam(m, p = reparam_gumbel_softmax())),
  discrete_cosine = nuts(walk, walk_data(30), function(m) reparam(m, x = reparam_discrete_cosine(smooth = 1))),
  haar = nuts(walk, walk_data(30), function(m) reparam(m, x = reparam_haar())),
  discrete_cosine_no_gain = nuts(walk, walk_data(1), function(m) reparam(m, x = reparam_discrete_cosine(smooth = 1))),
  split = nuts(level |> reparam(x = reparam_discrete_cosine(smooth = 1)), walk_data(30)[c("y", "n")],
               function(m) reparam(m, x_dct = reparam_split(c(8, 248))),
               only_with = list(metric = list(c("mu", "x_dct_split_0")))),
  unit_jacobian = nuts(twins, list(y = 3), function(m) {
    reparam(m, b = reparam_unit_jacobian(rbind(c(1, 1), c(1, -1)) / sqrt(2), allow_batch = TRUE))
  }),
  latent_stable = nuts(jumps, jumps_data(30), function(m) reparam(m, step = reparam_latent_stable()),
                       chains = 2, iter_sampling = 400),
  symmetric_stable = nuts(jumps, jumps_data(30), function(m) {
    reparam(m, step = list(reparam_symmetric_stable(), reparam_loc_scale(0)))
  }, chains = 2, iter_sampling = 400),
  symmetric_stable_precise = nuts(jumps, jumps_data(0.3), function(m) reparam(m, step = reparam_symmetric_stable()),
                                  chains = 2, iter_sampling = 400),
  stable = nuts(outliers, outliers_data, function(m) reparam(m, y = reparam_stable()), chains = 2, iter_sampling = 400),
  projected_normal = nuts(angles, list(y = c(-0.95, 0.05, 0.1)), function(m) direction),
  circular = nuts(angle, list(y = c(2.5, -2.7)), function(m) reparam(m, direction = reparam_circular())),
  explicit = svi(sizes, sizes_data, function(m) reparam(m, x = reparam_explicit("softplus", inverse = TRUE)),
                 sizes_evidence),
  conjugate = svi(coin, list(hits = 2, n = 10),
                  function(m) reparam(m, p = reparam_conjugate(function(hits, n) dist_beta(1 + hits, 1 + n - hits))),
                  lchoose(10, 2) + lbeta(2.5, 9.5) - lbeta(0.5, 1.5)),
  neutra = nuts(funnel, list(), function(m) reparam(m, trained(guide_iaf(), reparam_neutra, m, list(), steps = 10000))),
  structured = nuts(line, line_data, function(m) {
    reparam(m, trained(guide_structured(), reparam_structured, m, line_data))
  }),
  linear_hmm = nuts(robust, robust_data, function(m) robust_hmm)
)

measure <- function(case, model, strategy) {
  if (case$engine == "SVI") {
    fits <- lapply(seeds, function(seed) {
      do.call(fit_svi, c(list(model, case$data, seed = seed, reparam = strategy), case$settings))
    })
    elbo <- median(vapply(fits, function(fit) fit$elbo[["mean"]], 0))
    return(c(value = elbo, rhat = NA, divergent = NA, seconds = NA))
  }
  values <- vapply(seeds, function(seed) {
    settings <- list(model, case$data, seed = seed, reparam = strategy, prune = FALSE, refresh = FALSE)
    fit <- do.call(fit_nuts, c(settings, case$settings))
    table <- summary(fit)
    gradients <- sum(fit$adaptation$gradients_warmup + fit$adaptation$gradients_sampling)
    effective <- min(table$ess_bulk)
    c(1000 * effective / gradients, max(table$rhat), 100 * mean(fit$sampler$divergent), sum(fit$seconds) / effective)
  }, numeric(4))
  c(value = median(values[1, ]), rhat = max(values[2, ]), divergent = max(values[3, ]), seconds = median(values[4, ]))
}

chosen <- if (arguments$cases == "all") names(cases) else strsplit(arguments$cases, ",")[[1]]
for (name in chosen) {
  case <- cases[[name]]
  plain <- measure(case, case$model, "none")
  case$settings <- c(case$settings, case$only_with)
  with <- measure(case, case$with(case$model), "minimal")
  row <- data.frame(
    case = name, unit = if (case$engine == "SVI") "ELBO" else "ESS per 1000 gradients",
    plain = signif(plain[["value"]], 4), with = signif(with[["value"]], 4),
    best = if (is.null(case$evidence)) NA else signif(case$evidence, 5),
    rhat_plain = round(plain[["rhat"]], 3), rhat_with = round(with[["rhat"]], 3),
    divergent_plain = round(plain[["divergent"]], 2), divergent_with = round(with[["divergent"]], 2),
    faster = signif(plain[["seconds"]] / with[["seconds"]], 2)
  )
  print(row, row.names = FALSE)
  old <- if (file.exists(arguments$out)) read.csv(arguments$out)
  write.csv(rbind(old[old$case != name, ], row), arguments$out, row.names = FALSE, quote = FALSE)
}
