# Random but valid models as R functions with data, for test-random-models.R and tools/fuzz-models.R. A model has a few
# sites whose arguments are random expressions of data and of earlier sites.

pick <- function(...) {
  x <- c(...)
  x[[sample.int(length(x), 1)]]
}

chance <- function(p) stats::runif(1) < p

small <- function(lo = -2, hi = 2) signif(stats::runif(1, lo, hi), 2)

# What is known while a model is generated: `scalars` and `vectors` are names of real values of length 1 and n.
random_scope <- function() {
  g <- new.env()
  g$n <- sample(2:5, 1)
  g$groups <- sample(2:3, 1)
  g$data <- list(
    x = round(stats::rnorm(g$n), 2), g = sample.int(g$groups, g$n, TRUE),
    X = matrix(round(stats::rnorm(2 * g$n), 2), g$n),
    s0 = round(stats::runif(g$n, 0.5, 2), 2), n = g$n, flag = chance(0.5)
  )
  g$scalars <- character()
  g$vectors <- "x"
  g$pairs <- character()
  g$grouped <- character()
  g$body <- list()
  g$count <- 0L
  g$records <- g$discrete <- g$simplex <- g$cholesky <- g$ordered <- character()
  g
}

new_name <- function(g, prefix) {
  g$count <- g$count + 1L
  paste0(prefix, g$count)
}

add_code <- function(g, code) g$body <- c(g$body, list(code))

# ---- expressions: their values stay moderate, so that densities stay finite ----

random_scalar <- function(g, depth = 2) {
  if (depth == 0 || chance(0.25)) {
    if (length(g$scalars) && chance(0.85)) return(as.name(pick(g$scalars)))
    return(if (chance(0.5)) small() else bquote(x[.(sample.int(g$n, 1))]))
  }
  s <- function() random_scalar(g, depth - 1)
  v <- function() random_vector(g, depth - 1)
  k <- sample.int(g$n, 1)
  switch(sample.int(22, 1),
    bquote(sin(.(s()))), bquote(.(s()) + .(s())), bquote(.(s()) - .(s())), bquote(tanh(.(s()) * .(s()))),
    bquote(.(small()) * .(s())), bquote(mean(.(v()))), bquote(sum(.(v())) / n), bquote(.(v())[.(k)]),
    bquote(max(.(v()))), bquote(min(.(v()))), bquote(exp(-abs(.(s())))), bquote(log1p(.(s())^2)),
    bquote(plogis(.(s()))), bquote(sqrt(sum((.(v()))^2))), bquote(if (flag) .(s()) else .(s())),
    bquote(ifelse(.(s()) > .(small()), .(s()), .(s()))), bquote(.(s()) / (1 + abs(.(s())))),
    bquote(sum(sapply(seq_len(n), function(i) (.(v()))[i] * i)) / n^2),
    bquote({
      acc <- .(s())
      for (j in 1:3) acc <- 0.5 * acc + .(small(-1, 1)) * j
      acc
    }),
    bquote(drop(crossprod(.(v()), .(v()))) / n), bquote(Reduce(function(a, b) 0.3 * a + b, .(v()))),
    bquote(pmin(.(s()), .(s())))
  )
}

random_vector <- function(g, depth = 2) {
  if (depth == 0 || chance(0.2)) {
    if (length(g$grouped) && chance(0.4)) return(bquote(.(as.name(pick(g$grouped)))[g]))
    return(as.name(pick(g$vectors)))
  }
  s <- function() random_scalar(g, depth - 1)
  v <- function() random_vector(g, depth - 1)
  if (length(g$pairs) && chance(0.3)) return(bquote(drop(X %*% .(as.name(pick(g$pairs))))))
  order <- sample.int(g$n)
  switch(sample.int(27, 1),
    bquote(.(s()) + .(v())), bquote(.(s()) * .(v())), bquote(.(v()) + .(v())), bquote(tanh(.(v()) * .(v()))),
    bquote(cumsum(.(v())) / n), bquote(rev(.(v()))), bquote(ifelse(x > .(small()), .(v()), .(v()))),
    bquote(ifelse(.(v()) > .(small()), .(v()), .(s()))), bquote(pmin(.(v()), .(s()))), bquote(pmax(.(v()), .(v()))),
    bquote(sin(.(v()))), bquote(exp(-abs(.(v())))), bquote(.(v()) / (1 + abs(.(v())))),
    bquote(c(.(s()), .(v())[-1])), bquote(.(v())[.(order)]), bquote(.(v()) - mean(.(v()))),
    bquote(vapply(seq_len(n), function(i) (.(v()))[i] / i, 0)), bquote(drop(X %*% c(.(s()), .(s())))),
    bquote(rowSums(X * .(v()))), bquote(diff(c(.(s()), .(v())))),
    bquote(Reduce(function(a, b) 0.5 * a + b, .(v()), accumulate = TRUE)),
    bquote({
      out <- numeric(n)
      out[1] <- .(s())
      for (t in 2:n) out[t] <- 0.6 * out[t - 1] + .(small(-1, 1)) * .(v())[t]
      out
    }),
    bquote(rep(.(s()), n)), bquote(colMeans(outer(.(v()), x))),
    bquote(unlist(lapply(.(v()), function(u) u^2 / (1 + u^2)))),
    bquote(apply(cbind(.(v()), .(v())), 1, sum)), bquote(replace(.(v()), .(sample.int(g$n, 1)), .(s())))
  )
}

random_real <- function(g, vector = FALSE, depth = 2) {
  if (vector && chance(0.6)) random_vector(g, depth) else random_scalar(g, depth)
}

random_positive <- function(g, vector = FALSE) {
  if (chance(0.35)) return(signif(stats::runif(1, 0.3, 2), 2))
  if (vector && chance(0.2)) return(quote(s0))
  e <- random_real(g, vector, 1)
  pick(list(
    bquote(exp(0.3 * tanh(.(e)))), bquote(0.3 + abs(.(e))), bquote(0.2 + log1p(exp(.(e)))),
    bquote(sqrt(0.5 + (.(e))^2)),
    bquote(0.3 + 2 * plogis(.(e)))
  ))
}

random_unit <- function(g, vector = FALSE) {
  if (chance(0.3)) return(signif(stats::runif(1, 0.1, 0.9), 2))
  e <- random_real(g, vector, 1)
  pick(list(bquote(plogis(.(e))), bquote(0.1 + 0.8 * plogis(.(e)))))
}

# ---- distributions ----

# A univariate continuous distribution; `kind` is where it lives.
random_continuous <- function(g, vector, kind = pick("real", "real", "positive", "interval"), wrap = TRUE) {
  r <- function() random_real(g, vector)
  p <- function() random_positive(g, vector)
  u <- function() random_unit(g, vector)
  if (wrap && chance(0.25)) return(random_wrapped(g, vector, kind))
  switch(kind,
    real = switch(sample.int(10, 1),
      bquote(normal(.(r()), .(p()))), bquote(student_t(.(p()) + 2, .(r()), .(p()))), bquote(cauchy(.(r()), .(p()))),
      bquote(laplace(.(r()), .(p()))), bquote(asymmetric_laplace(.(r()), .(p()), .(p()))),
      bquote(soft_laplace(.(r()), .(p()))), bquote(logistic(.(r()), .(p()))), bquote(gumbel(.(r()), .(p()))),
      bquote(normal(.(r()))), bquote(normal(sd = .(p()), mean = .(r())))
    ),
    positive = switch(sample.int(10, 1),
      bquote(lognormal(.(r()), .(p()))), bquote(half_normal(.(p()))), bquote(half_cauchy(.(p()))),
      bquote(half_student_t(3 + .(p()), .(p()))), bquote(exponential(.(p()))), bquote(gamma(1 + .(p()), .(p()))),
      bquote(inv_gamma(1 + .(p()), .(p()))), bquote(chi_squared(2 + .(p()))), bquote(weibull(1 + .(p()), .(p()))),
      bquote(inverse_gaussian(.(p()), .(p())))
    ),
    interval = switch(sample.int(5, 1),
      bquote(beta(1 + .(p()), 1 + .(p()))), bquote(beta_proportion(.(u()), 2 + .(p()))),
      bquote(kumaraswamy(1 + .(p()), 1 + .(p()))), bquote(uniform(-1, 2)), bquote(uniform(-.(p()), .(p())))
    )
  )
}

random_wrapped <- function(g, vector, kind) {
  r <- function() random_real(g, vector)
  p <- function() random_positive(g, vector)
  base <- function() {
    pick(list(
      bquote(normal(.(r()), .(p()))), bquote(logistic(.(r()), .(p()))), bquote(student_t(4, .(r()), .(p()))),
      bquote(laplace(.(r()), .(p())))
    ))
  }
  switch(kind,
    real = pick(list(
      bquote(mixture(.(base()), .(base()), weights = c(.(random_unit(g)), 0.4))),
      bquote(transformed(.(base()), transform_affine(.(random_scalar(g, 1)), .(random_positive(g))))),
      bquote(masked(.(base()), TRUE)), bquote(independent(.(base())))
    )),
    positive = pick(list(
      bquote(truncated(.(base()), lower = 0)), bquote(transformed(.(base()), "exp")),
      bquote(transformed(.(base()), list(transform_affine(0.5, .(random_positive(g))), transform_softplus()))),
      bquote(mixture(gamma(2, .(p())), lognormal(.(r()), .(p())), weights = c(.(random_positive(g)), 1)))
    )),
    interval = pick(list(
      bquote(truncated(.(base()), -1, 2)), bquote(truncated_normal(.(r()), .(p()), -1.5, 1)),
      bquote(transformed(.(base()), transform_sigmoid())), bquote(transformed(.(base()), "tanh"))
    ))
  )
}

random_counts <- function(g, vector) {
  r <- function() random_real(g, vector)
  p <- function() random_positive(g, vector)
  u <- function() random_unit(g, vector)
  switch(sample.int(13, 1),
    bquote(bernoulli(.(u()))), bquote(bernoulli(logits = .(r()))), bquote(binomial(5, .(u()))),
    bquote(binomial(4, logits = .(r()))), bquote(beta_binomial(6, .(p()), .(p()))), bquote(poisson(.(p()))),
    bquote(zero_inflated_poisson(.(p()), .(u()))), bquote(neg_binomial(.(p()), .(u()))),
    bquote(neg_binomial(.(p()), mu = .(p()))), bquote(geometric(.(u()))), bquote(hypergeometric(5, 4, 3)),
    bquote(zero_inflated(poisson(.(p())), .(u()))),
    bquote(truncated(poisson(.(p())), lower = 1))
  )
}

random_categories <- function(g, vector) {
  r <- function() random_scalar(g, 1)
  p <- function() random_positive(g)
  switch(sample.int(4, 1),
    bquote(categorical(c(.(p()), .(p()), .(p())))), bquote(categorical(logits = c(.(r()), .(r()), 0))),
    bquote(ordered_logistic(.(random_real(g, vector)), c(-1, 0.5, 1))),
    if (length(g$simplex)) bquote(categorical(.(as.name(pick(g$simplex))))) else quote(categorical(c(0.2, 0.5, 0.3)))
  )
}

# ---- statements ----

add_latent <- function(g) {
  name <- new_name(g, pick("a", "theta_", "b.", "Z"))
  site <- as.name(name)
  kind <- sample(c("scalar", "vector", "grouped", "pair", "loop", "event", "improper", "plate", "masked", "matrix"), 1,
    prob = c(6, 4, 3, 2, 2, 3, 1, 1, 1, 1))
  n <- g$n
  switch(kind,
    scalar = {
      add_code(g, bquote(.(site) ~ .(random_continuous(g, FALSE))))
      g$scalars <- c(g$scalars, name)
    },
    vector = {
      add_code(g, bquote(.(site)[1:n] ~ .(random_continuous(g, TRUE))))
      g$vectors <- c(g$vectors, name)
    },
    grouped = {
      add_code(g, bquote(.(site)[1:.(g$groups)] ~ .(random_continuous(g, FALSE))))
      g$grouped <- c(g$grouped, name)
    },
    pair = {
      add_code(g, bquote(.(site)[1:2] ~ .(random_continuous(g, FALSE))))
      g$pairs <- c(g$pairs, name)
    },
    loop = {
      step <- bquote(0.5 * .(site)[t - 1] + .(random_scalar(g, 1)))
      add_code(g, bquote(.(site) <- numeric(n)))
      add_code(g, bquote(.(site)[1] ~ .(random_continuous(g, FALSE, "real", FALSE))))
      add_code(g, bquote(for (t in 2:n) .(site)[t] ~ normal(.(step), .(random_positive(g)))))
      g$vectors <- c(g$vectors, name)
    },
    event = add_event(g, name, site),
    improper = {
      bounds <- pick(list(quote(improper_uniform()), quote(improper_uniform(0)), quote(improper_uniform(-1, 2)),
        bquote(improper_uniform(upper = .(random_real(g, FALSE, 1))))))
      add_code(g, bquote(.(site) ~ .(bounds)))
      add_code(g, bquote(log_factor(.(new_name(g, "keep")), -0.5 * .(site)^2)))
      g$improper <- c(g$improper, name)
      g$scalars <- c(g$scalars, name)
    },
    plate = add_code(g, bquote(with_plate(.(new_name(g, "p")), n, function(i) {
      .(site) ~ .(random_continuous(g, TRUE))
      .(as.name(new_name(g, "inner"))) ~ normal(.(site), .(random_positive(g, TRUE)))
    }))),
    masked = {
      # what is masked out is random, so that no other density may depend on it
      add_code(g, bquote(with_mask(.(sample(c(TRUE, FALSE), n, TRUE)), .(site)[1:n] ~ .(random_continuous(g, TRUE)))))
      add_code(g, bquote(`:=`(.(as.name(new_name(g, "total"))), sum(.(site)))))
    },
    matrix = {
      add_code(g, bquote(.(site)[1:n, 1:2] ~ .(random_continuous(g, TRUE))))
      column <- new_name(g, "column")
      add_code(g, bquote(.(as.name(column)) <- .(site)[, 1] - .(site)[, 2]))
      g$vectors <- c(g$vectors, column)
    }
  )
}

add_event <- function(g, name, site) {
  r <- function() random_scalar(g, 1)
  p <- function() random_positive(g)
  covariance <- bquote(matrix(c(1 + .(p()), 0.3, 0.3, 1), 2))
  part <- new_name(g, "part")
  switch(sample.int(9, 1),
    {
      add_code(g, bquote(.(site) ~ mvn(c(.(r()), .(r())), .(covariance))))
      g$pairs <- c(g$pairs, name)
    },
    {
      add_code(g, bquote(.(site) ~ mvn(.(r()), cholesky = matrix(c(.(p()), .(r()), 0, .(p())), 2))))
      g$pairs <- c(g$pairs, name)
    },
    {
      add_code(g, bquote(.(site) ~ mv_student_t(3 + .(p()), c(.(r()), 0), .(covariance))))
      g$pairs <- c(g$pairs, name)
    },
    {
      add_code(g, bquote(.(site) ~ dirichlet(c(1 + .(p()), .(p()) + 0.5, 2))))
      g$simplex <- c(g$simplex, name)
      add_code(g, bquote(.(as.name(part)) <- .(site)[2] - .(site)[3]))
      g$scalars <- c(g$scalars, part)
    },
    {
      add_code(g, bquote(.(site) ~ lkj_cholesky(.(sample(2:3, 1)), .(p()))))
      g$cholesky <- c(g$cholesky, name)
      add_code(g, bquote(.(as.name(part)) <- .(site)[2, 1] + 2 * .(site)[2, 2]))
      g$scalars <- c(g$scalars, part)
    },
    {
      add_code(g, bquote(.(site) ~ gaussian_random_walk(n, .(p()))))
      g$vectors <- c(g$vectors, name)
    },
    {
      add_code(g, bquote(.(site) ~ mvn(.(r()), precision = .(covariance))))
      g$pairs <- c(g$pairs, name)
    },
    {
      add_code(g, bquote(.(site) ~ ordered(normal(.(r()), .(p())), 2)))
      g$ordered <- c(g$ordered, name)
      g$pairs <- c(g$pairs, name)
    },
    {
      add_code(g, bquote(.(site) ~ ordered(gamma(2, .(p())), 3)))
      g$ordered <- c(g$ordered, name)
      add_code(g, bquote(.(as.name(part)) <- log1p(.(site)[2])))
      g$scalars <- c(g$scalars, part)
    }
  )
}

add_discrete_latent <- function(g) {
  name <- new_name(g, "d")
  add_code(g, pick(list(
    bquote(.(as.name(name)) ~ bernoulli(.(random_unit(g)))), bquote(.(as.name(name)) ~ binomial(2, .(random_unit(g)))),
    bquote(.(as.name(name)) ~ .(random_categories(g, FALSE)))
  )))
  g$discrete <- c(g$discrete, name)
  g$scalars <- c(g$scalars, name)
}

add_local <- function(g) {
  if (chance(0.5)) {
    name <- new_name(g, "v")
    add_code(g, bquote(.(as.name(name)) <- .(random_vector(g))))
    g$vectors <- c(g$vectors, name)
  } else {
    name <- new_name(g, "s")
    add_code(g, bquote(.(as.name(name)) <- .(random_scalar(g))))
    g$scalars <- c(g$scalars, name)
  }
}

add_record_code <- function(g) {
  name <- new_name(g, "r")
  add_code(g, bquote(`:=`(.(as.name(name)), .(if (chance(0.5)) random_vector(g) else random_scalar(g)))))
  g$records <- c(g$records, name)
}

# The data come later: they are simulated from the model.
add_observed <- function(g, k) {
  name <- paste0("y", if (k > 1) k)
  y <- as.name(name)
  counts <- chance(0.35)
  dist <- function(vector = TRUE) {
    if (!counts) return(random_continuous(g, vector))
    if (chance(0.3)) random_categories(g, vector) else random_counts(g, vector)
  }
  code <- switch(sample.int(8, 1),
    bquote(.(y) ~ .(dist())), bquote(.(y)[1:n] ~ .(dist())),
    bquote(for (i in seq_len(n)) .(y)[i] ~ .(dist(FALSE))),
    bquote(with_plate(.(paste0("plate", k)), n, function(i) .(y)[i] ~ .(dist()))),
    bquote(with_mask(.(sample(0:1, g$n, TRUE)), .(y) ~ .(dist()))),
    bquote(with_scale(.(pick(0.5, 2, quote(s0))), .(y) ~ .(dist()))),
    {
      counts <- FALSE
      bquote({
        .(y)[1] ~ normal(.(random_scalar(g, 1)), 1)
        for (t in 2:n) .(y)[t] ~ normal(0.5 * .(y)[t - 1] + .(random_scalar(g, 1)), .(random_positive(g)))
      })
    },
    {
      counts <- FALSE
      bquote(.(y) ~ censored(normal(.(random_real(g, TRUE)), .(random_positive(g, TRUE))), -1, 1.5))
    }
  )
  add_code(g, code)
  missing <- !counts && !grepl("censored", paste(deparse(code), collapse = "")) && chance(0.35)
  g$outcomes[[name]] <- missing
}

random_model <- function() {
  g <- random_scope()
  g$outcomes <- list()
  add_latent(g)
  for (k in seq_len(sample(1:5, 1))) {
    what <- sample(c("latent", "local", "record", "factor", "discrete"), 1, prob = c(5, 2, 2, 0.5, 0.7))
    switch(what,
      latent = add_latent(g), local = add_local(g), record = add_record_code(g),
      factor = add_code(g, bquote(log_factor(.(new_name(g, "f")), -.(random_positive(g, TRUE))))),
      discrete = if (!length(g$discrete)) add_discrete_latent(g)
    )
  }
  for (k in seq_len(sample(1:2, 1))) add_observed(g, k)
  if (chance(0.3)) add_latent(g)
  if (chance(0.5)) add_record_code(g)
  finish_random_model(g)
}

# A function of the code with data for its outcomes, drawn from the model itself.
finish_random_model <- function(g) {
  names <- c(names(g$data), names(g$outcomes))
  arguments <- stats::setNames(rep(list(quote(expr = )), length(names)), names)
  fn <- eval(call("function", as.pairlist(arguments), as.call(c(as.name("{"), g$body))), globalenv())
  blank <- lapply(g$outcomes, function(missing) rep(0, g$n))
  data <- c(g$data, blank)
  for (name in names(g$outcomes)) data[[name]] <- suppressWarnings(plain_run(fn, data, prior = TRUE))$values[[name]]
  for (name in names(g$outcomes)) if (g$outcomes[[name]]) data[[name]][sample.int(g$n, sample.int(g$n - 1, 1))] <- NA
  list(fn = fn, data = data, discrete = g$discrete, simplex = g$simplex, cholesky = g$cholesky, ordered = g$ordered,
       records = g$records, outcomes = names(g$outcomes), improper = g$improper)
}
