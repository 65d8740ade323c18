# Density, distribution and quantile functions of stats on traced values (parameterized as there).

overlay_distributions <- function() {
  densities <- Map(density_on_codes, names(log_densities), log_densities)
  tails <- Map(probability_on_codes, names(probabilities), probabilities)
  inverses <- Map(quantile_on_codes, names(quantiles), quantiles)
  steps <- c("qbinom", "qpois", "qgeom", "qnbinom", "qhyper", "qsignrank", "qwilcox", "ptukey", "qtukey")
  hint <- "Quantiles of discrete distributions jump: they have no derivative. Use data only."
  stubs <- lapply(steps, function(name) stub_with_hint(name, hint))
  c(densities, tails, inverses, structure(stubs, names = steps))
}

stub_with_hint <- function(name, hint) {
  fn <- get(name, envir = getNamespace("stats"))
  force(hint)
  function(...) {
    if (.Call(ffi_trace_any, environment())) {
      fail_function(name, Filter(has_codes, list(...))[[1L]], hint)
    }
    fn(...)
  }
}

# Arguments as the function of stats would match them.
matched <- function(fn, args) as.list(match.call(fn, as.call(c(list(quote(f)), args))))[-1L]

take <- function(args, name, default) {
  value <- args[[name]]
  if (is.null(value)) default else value
}

density_on_codes <- function(name, log_density) {
  fn <- get(name, envir = getNamespace("stats"))
  force(log_density)
  function(...) {
    if (!.Call(ffi_trace_any, environment())) return(fn(...))
    args <- matched(fn, list(...))
    log <- isTRUE(args$log)
    value <- where_proper(name, args, do.call(log_density, args[names(args) != "log"]))
    if (log) value else exp(value)
  }
}

# lower_tail(q, ..., upper) gives the probability below or above q; one with an argument `log` takes logarithms itself.
probability_on_codes <- function(name, tail) {
  fn <- get(name, envir = getNamespace("stats"))
  force(tail)
  function(...) {
    if (!.Call(ffi_trace_any, environment())) return(fn(...))
    args <- matched(fn, list(...))
    upper <- !take(args, "lower.tail", TRUE)
    log <- take(args, "log.p", FALSE)
    args <- c(args[!names(args) %in% c("lower.tail", "log.p")], list(upper = upper))
    takes_log <- "log" %in% names(formals(tail))
    value <- where_proper(name, args, do.call(tail, if (takes_log) c(args, list(log = log)) else args))
    if (log && !takes_log) log(value) else value
  }
}

quantile_on_codes <- function(name, inverse) {
  fn <- get(name, envir = getNamespace("stats"))
  force(inverse)
  function(...) {
    if (!.Call(ffi_trace_any, environment())) return(fn(...))
    args <- matched(fn, list(...))
    if (take(args, "log.p", FALSE)) args$p <- exp(args$p)
    if (!take(args, "lower.tail", TRUE)) args$p <- 1 - args$p
    where_proper(name, args, do.call(inverse, args[!names(args) %in% c("lower.tail", "log.p")]))
  }
}

# NaN, as in R, where an argument is none that the distribution can have; without this the formulas would go on there.
# Densities that hold the logarithm of an argument need no check of it.
where_proper <- function(name, args, value) {
  ok <- TRUE
  for (argument in intersect(checked_arguments[[name]], names(args))) {
    x <- args[[argument]]
    here <- switch(argument, prob = , p = (x >= 0) & (x <= 1), lambda = , mu = x >= 0, x > 0)
    if (has_codes(here) || !all(here, na.rm = TRUE)) ok <- ok & here
  }
  if (isTRUE(ok)) value else elementwise("select", ok, value, NaN)
}

checked_arguments <- list(
  dgamma = "shape", dchisq = "df", dbeta = c("shape1", "shape2"), dt = "df", df = c("df1", "df2"), dbinom = "prob",
  dpois = "lambda", dgeom = "prob", dnbinom = c("size", "prob", "mu"),
  pnorm = "sd", plnorm = "sdlog", pexp = "rate", pgamma = c("shape", "rate", "scale"), pchisq = "df",
  pbeta = c("shape1", "shape2"), pt = "df", pf = c("df1", "df2"), pcauchy = "scale", plogis = "scale",
  pweibull = c("shape", "scale"), pbinom = "prob", ppois = "lambda", pgeom = "prob",
  pnbinom = c("size", "prob", "mu"),
  qnorm = "sd", qlnorm = "sdlog", qexp = "rate", qgamma = c("rate", "scale"), qunif = "p", qlogis = "scale",
  qcauchy = c("p", "scale"), qweibull = c("shape", "scale")
)

# ---- pieces ----

# The value where ok, otherwise the log of 0.
inside <- function(ok, value) if (!has_codes(ok) && all(ok)) value else elementwise("select", ok, value, -Inf)

# x where ok, else a number at which nothing goes wrong.
safe <- function(ok, x, otherwise) if (!has_codes(ok) && all(ok)) x else elementwise("select", ok, x, otherwise)

# a * log(x), 0 for a = 0 also at x = 0.
times_log <- function(a, x) {
  if (!has_codes(x) && all(x > 0)) return(a * log(x))
  if (!has_codes(a) && all(a != 0)) return(a * log(x))
  zero <- a == 0
  elementwise("select", zero, 0, a * log(elementwise("select", zero, 1, x)))
}

away_from <- function(edge, ok) if (has_codes(edge)) ok else ok & !edge

# The log density where x sits on the edge of the support: that of a power of the distance with exponent a, times
# exp(value). Only data can sit there; a site does with probability 0.
on_edge <- function(edge, a, value, otherwise) {
  if (has_codes(edge) || !any(edge, na.rm = TRUE)) return(otherwise)
  limit <- elementwise("select", a == 0, value, elementwise("select", a < 0, Inf, -Inf))
  elementwise("select", edge, limit, otherwise)
}

is_count <- function(x) {
  whole <- if (has_codes(x)) TRUE else x == round(x)
  (x >= 0) & whole
}

no_ncp <- function(name, ncp) {
  if (missing(ncp)) return(invisible())
  trace_fail(sprintf("`%s()` with `ncp` cannot work on a traced value.", name), "Use the central distribution.")
}

flip <- function(p, upper) if (upper) 1 - p else p

log_densities <- list(
  dnorm = function(x, mean = 0, sd = 1) -0.5 * ((x - mean) / sd)^2 - log(sd) - 0.5 * log(2 * pi),
  dlnorm = function(x, meanlog = 0, sdlog = 1) {
    ok <- x > 0
    lx <- log(safe(ok, x, 1))
    inside(ok, -0.5 * ((lx - meanlog) / sdlog)^2 - log(sdlog) - 0.5 * log(2 * pi) - lx)
  },
  dexp = function(x, rate = 1) inside(x >= 0, log(rate) - rate * x),
  dgamma = function(x, shape, rate = 1, scale = 1 / rate) {
    ok <- x >= 0
    edge <- x == 0
    x <- safe(away_from(edge, ok), x, 1)
    value <- times_log(shape - 1, x) - x / scale - shape * log(scale) - lgamma(shape)
    inside(ok, on_edge(edge, shape - 1, -log(scale), value))
  },
  dchisq = function(x, df, ncp) {
    no_ncp("dchisq", ncp)
    log_densities$dgamma(x, df / 2, 0.5)
  },
  dbeta = function(x, shape1, shape2, ncp) {
    no_ncp("dbeta", ncp)
    ok <- (x >= 0) & (x <= 1)
    left <- x == 0
    right <- x == 1
    x <- safe(away_from(left | right, ok), x, 0.5)
    value <- times_log(shape1 - 1, x) + times_log(shape2 - 1, 1 - x) - overlay_lbeta(shape1, shape2)
    value <- on_edge(left, shape1 - 1, log(shape2), value)
    inside(ok, on_edge(right, shape2 - 1, log(shape1), value))
  },
  dunif = function(x, min = 0, max = 1) inside((x >= min) & (x <= max), -log(max - min) + 0 * x),
  dt = function(x, df, ncp) {
    no_ncp("dt", ncp)
    lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * pi) - (df + 1) / 2 * log1p(x^2 / df)
  },
  df = function(x, df1, df2, ncp) {
    no_ncp("df", ncp)
    ok <- x >= 0
    edge <- x == 0
    x <- safe(away_from(edge, ok), x, 1)
    ratio <- df1 / df2
    value <- df1 / 2 * log(ratio) + times_log(df1 / 2 - 1, x) - (df1 + df2) / 2 * log1p(ratio * x) -
      overlay_lbeta(df1 / 2, df2 / 2)
    inside(ok, on_edge(edge, df1 / 2 - 1, 0, value))
  },
  dcauchy = function(x, location = 0, scale = 1) -log(pi * scale) - log1p(((x - location) / scale)^2),
  dlogis = function(x, location = 0, scale = 1) {
    z <- (x - location) / scale
    -z - log(scale) - 2 * elementwise("log1p_exp", -z)
  },
  dweibull = function(x, shape, scale = 1) {
    ok <- x >= 0
    edge <- x == 0
    x <- safe(away_from(edge, ok), x, 1)
    value <- log(shape) - log(scale) + times_log(shape - 1, x / scale) - (x / scale)^shape
    inside(ok, on_edge(edge, shape - 1, -log(scale), value))
  },
  dbinom = function(x, size, prob) {
    ok <- is_count(x) & (x <= size)
    x <- safe(ok, x, 0)
    inside(ok, overlay_lchoose_positive(size, x) + times_log(x, prob) + times_log(size - x, 1 - prob))
  },
  dpois = function(x, lambda) {
    ok <- is_count(x)
    x <- safe(ok, x, 0)
    inside(ok, times_log(x, lambda) - lambda - lgamma(x + 1))
  },
  dgeom = function(x, prob) {
    ok <- is_count(x)
    inside(ok, log(prob) + safe(ok, x, 0) * log1p(-prob))
  },
  dnbinom = function(x, size, prob, mu) {
    if (!missing(mu)) prob <- size / (size + mu)
    ok <- is_count(x)
    x <- safe(ok, x, 0)
    inside(ok, lgamma(x + size) - lgamma(size) - lgamma(x + 1) + size * log(prob) + times_log(x, 1 - prob))
  }
)

probabilities <- list(
  pnorm = function(q, mean = 0, sd = 1, upper, log) {
    z <- (q - mean) / sd
    elementwise(if (log) "log_pnorm" else "pnorm", if (upper) -z else z)
  },
  plnorm = function(q, meanlog = 0, sdlog = 1, upper, log) {
    ok <- q > 0
    z <- (log(safe(ok, q, 1)) - meanlog) / sdlog
    value <- elementwise(if (log) "log_pnorm" else "pnorm", if (upper) -z else z)
    safe(ok, value, if (log) base::log(as.numeric(upper)) else as.numeric(upper))
  },
  pexp = function(q, rate = 1, upper) {
    z <- -rate * elementwise("max", q, 0)
    if (upper) exp(z) else -expm1(z)
  },
  pgamma = function(q, shape, rate = 1, scale = 1 / rate, upper) {
    elementwise(if (upper) "gamma_q" else "gamma_p", elementwise("max", q, 0) / scale, shape)
  },
  pchisq = function(q, df, ncp, upper) {
    no_ncp("pchisq", ncp)
    probabilities$pgamma(q, df / 2, 0.5, upper = upper)
  },
  pbeta = function(q, shape1, shape2, ncp, upper) {
    no_ncp("pbeta", ncp)
    q <- elementwise("min", elementwise("max", q, 0), 1)
    if (upper) elementwise("beta_i", 1 - q, shape2, shape1) else elementwise("beta_i", q, shape1, shape2)
  },
  pt = function(q, df, ncp, upper) {
    no_ncp("pt", ncp)
    # A tiny step away from 0, where the derivative of the square root inside has no value of its own; the tail itself
    # where it is small, half less the middle elsewhere.
    q <- q + elementwise("select", q == 0, 1e-100, 0)
    far <- q^2 > df
    outer <- elementwise("select", far, q, 1)
    inner <- elementwise("select", far, 1, q)
    tail <- 0.5 * elementwise("beta_i", df / (df + outer^2), df / 2, 0.5)
    middle <- 0.5 * elementwise("beta_i", inner^2 / (df + inner^2), 0.5, df / 2)
    tail <- elementwise("select", far, tail, 0.5 - middle)
    elementwise("select", if (upper) q > 0 else q < 0, tail, 1 - tail)
  },
  pf = function(q, df1, df2, ncp, upper) {
    no_ncp("pf", ncp)
    z <- df1 * elementwise("max", q, 0)
    if (upper) return(elementwise("beta_i", df2 / (df2 + z), df2 / 2, df1 / 2))
    elementwise("beta_i", z / (df2 + z), df1 / 2, df2 / 2)
  },
  punif = function(q, min = 0, max = 1, upper) {
    flip(elementwise("min", elementwise("max", (q - min) / (max - min), 0), 1), upper)
  },
  pcauchy = function(q, location = 0, scale = 1, upper) {
    z <- (q - location) / scale
    0.5 + atan(if (upper) -z else z) / pi
  },
  plogis = function(q, location = 0, scale = 1, upper, log) {
    z <- (q - location) / scale
    if (upper) z <- -z
    if (log) -elementwise("log1p_exp", -z) else elementwise("sigmoid", z)
  },
  pweibull = function(q, shape, scale = 1, upper) {
    z <- -(elementwise("max", q, 0) / scale)^shape
    if (upper) exp(z) else -expm1(z)
  },
  pbinom = function(q, size, prob, upper) {
    k <- floor(q)
    ok <- (k >= 0) & (k < size)
    a <- safe(ok, size - k, 1)
    b <- safe(ok, k + 1, 1)
    below <- if (upper) elementwise("beta_i", prob + 0 * a, b, a) else elementwise("beta_i", 1 - prob + 0 * a, a, b)
    end <- if (upper) k < 0 else k >= size
    elementwise("select", ok + 0 * prob, below, 1 * end)
  },
  ppois = function(q, lambda, upper) {
    k <- floor(q)
    ok <- k >= 0
    value <- elementwise(if (upper) "gamma_p" else "gamma_q", lambda, safe(ok, k + 1, 1))
    safe(ok, value, as.numeric(upper))
  },
  pgeom = function(q, prob, upper) {
    z <- (elementwise("max", floor(q), -1) + 1) * log1p(-prob)
    if (upper) exp(z) else -expm1(z)
  },
  pnbinom = function(q, size, prob, mu, upper) {
    if (!missing(mu)) prob <- size / (size + mu)
    k <- elementwise("max", floor(q), -1) + 1
    ok <- k > 0
    k <- safe(ok, k, 1)
    value <- if (upper) elementwise("beta_i", 1 - prob, k, size) else elementwise("beta_i", prob, size, k)
    safe(ok, value, as.numeric(upper))
  }
)

quantiles <- list(
  qnorm = function(p, mean = 0, sd = 1) mean + sd * elementwise("qnorm", p),
  qlnorm = function(p, meanlog = 0, sdlog = 1) exp(meanlog + sdlog * elementwise("qnorm", p)),
  qexp = function(p, rate = 1) -log1p(-p) / rate,
  qgamma = function(p, shape, rate = 1, scale = 1 / rate) {
    no_shape_derivative("qgamma", shape)
    scale * elementwise("gamma_p_inv", p, shape)
  },
  qchisq = function(p, df, ncp) {
    no_ncp("qchisq", ncp)
    no_shape_derivative("qchisq", df)
    2 * elementwise("gamma_p_inv", p, df / 2)
  },
  qbeta = function(p, shape1, shape2, ncp) {
    no_ncp("qbeta", ncp)
    no_shape_derivative("qbeta", shape1, shape2)
    elementwise("beta_i_inv", p, shape1, shape2)
  },
  qf = function(p, df1, df2, ncp) {
    no_ncp("qf", ncp)
    no_shape_derivative("qf", df1, df2)
    y <- elementwise("beta_i_inv", p, df1 / 2, df2 / 2)
    df2 * y / (df1 * (1 - y))
  },
  qt = function(p, df, ncp) {
    no_ncp("qt", ncp)
    no_shape_derivative("qt", df)
    tail <- elementwise("min", p, 1 - p)
    y <- elementwise("beta_i_inv", 2 * tail, df / 2, 0.5)
    sign(p - 0.5) * sqrt(df * (1 / y - 1))
  },
  qunif = function(p, min = 0, max = 1) min + (max - min) * p,
  qlogis = function(p, location = 0, scale = 1) location + scale * (log(p) - log1p(-p)),
  qcauchy = function(p, location = 0, scale = 1) location + scale * tanpi(p - 0.5),
  qweibull = function(p, shape, scale = 1) scale * (-log1p(-p))^(1 / shape)
)

no_shape_derivative <- function(name, ...) {
  for (shape in list(...)) {
    if (has_codes(shape)) {
      trace_fail(
        sprintf("`%s()` has no derivative with respect to its shape, which %s.", name, depends_text(shape)),
        "Give shapes of quantile functions as numbers, or draw a site with that distribution instead."
      )
    }
  }
}
