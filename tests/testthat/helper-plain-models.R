# Models evaluated by plain R: the body of a model function runs on numbers, `~` adds up log densities written with R's
# own functions, and nothing of the package is called. What the engine says is compared to it (test-random-models.R).

# A distribution here is list(lp = log density of each element or event of x, r = n draws, p = cdf, n = length of its
# arguments, event = extents of one event).
plain_family <- function(args, lp, r = NULL, p = NULL, event = NULL) {
  dims <- Filter(Negate(is.null), lapply(args, dim))
  list(lp = lp, r = r, p = p, n = max(1L, lengths(args)), dim = if (length(dims) && is.null(event)) dims[[1]],
       event = event)
}

plain_distributions <- local({
  f <- plain_family
  location_scale <- function(args, lp, r, p) {
    f(args, function(x) lp((x - args[[1]]) / args[[2]]) - log(args[[2]]), function(n) args[[1]] + args[[2]] * r(n),
      function(q) p((q - args[[1]]) / args[[2]]))
  }
  half <- function(args, lp, r, p) {
    f(args, function(x) ifelse(x < 0, -Inf, log(2) + lp(x)), function(n) abs(r(n)), function(q) 2 * p(pmax(q, 0)) - 1)
  }
  sech <- function(z) log(2 / pi) - z - log1p(exp(-2 * z))
  rows_of <- function(x, n) if (is.matrix(x)) x else matrix(x, n, length(x), byrow = TRUE)
  list(
    normal = function(mean = 0, sd = 1) {
      f(list(mean, sd), function(x) dnorm(x, mean, sd, TRUE), function(n) rnorm(n, mean, sd),
        function(q) pnorm(q, mean, sd))
    },
    student_t = function(df, location = 0, scale = 1) {
      f(list(df, location, scale), function(x) dt((x - location) / scale, df, log = TRUE) - log(scale),
        function(n) location + scale * rt(n, df), function(q) pt((q - location) / scale, df))
    },
    cauchy = function(location = 0, scale = 1) {
      f(list(location, scale), function(x) dcauchy(x, location, scale, TRUE), function(n) rcauchy(n, location, scale),
        function(q) pcauchy(q, location, scale))
    },
    laplace = function(location = 0, scale = 1) {
      location_scale(list(location, scale), function(z) -abs(z) - log(2), function(n) rexp(n) - rexp(n),
        function(z) ifelse(z < 0, exp(z) / 2, 1 - exp(-z) / 2))
    },
    asymmetric_laplace = function(location = 0, scale = 1, asymmetry = 1) {
      left <- scale * asymmetry
      right <- scale / asymmetry
      f(list(location, scale, asymmetry),
        function(x) -abs(x - location) / ifelse(x < location, left, right) - log(left + right),
        function(n) location - left * rexp(n) + right * rexp(n))
    },
    soft_laplace = function(location = 0, scale = 1) {
      location_scale(list(location, scale), sech, function(n) log(tan(pi / 2 * runif(n))),
        function(z) 2 / pi * atan(exp(z)))
    },
    logistic = function(location = 0, scale = 1) {
      f(list(location, scale), function(x) dlogis(x, location, scale, TRUE), function(n) rlogis(n, location, scale),
        function(q) plogis(q, location, scale))
    },
    gumbel = function(location = 0, scale = 1) {
      location_scale(list(location, scale), function(z) -z - exp(-z), function(n) -log(rexp(n)),
                     function(z) exp(-exp(-z)))
    },
    lognormal = function(meanlog = 0, sdlog = 1) {
      f(list(meanlog, sdlog), function(x) dlnorm(x, meanlog, sdlog, TRUE), function(n) rlnorm(n, meanlog, sdlog),
        function(q) plnorm(q, meanlog, sdlog))
    },
    half_normal = function(sd = 1) {
      half(list(sd), function(x) dnorm(x, 0, sd, TRUE), function(n) rnorm(n, 0, sd), function(q) pnorm(q, 0, sd))
    },
    half_cauchy = function(scale = 1) {
      half(list(scale), function(x) dcauchy(x, 0, scale, TRUE), function(n) rcauchy(n, 0, scale),
        function(q) pcauchy(q, 0, scale))
    },
    half_student_t = function(df, scale = 1) {
      half(list(df, scale), function(x) dt(x / scale, df, log = TRUE) - log(scale), function(n) scale * rt(n, df),
        function(q) pt(q / scale, df))
    },
    exponential = function(rate = 1) {
      f(list(rate), function(x) dexp(x, rate, TRUE), function(n) rexp(n, rate), function(q) pexp(q, rate))
    },
    gamma = function(shape, rate = 1) {
      f(list(shape, rate), function(x) dgamma(x, shape, rate, log = TRUE), function(n) rgamma(n, shape, rate),
        function(q) pgamma(q, shape, rate))
    },
    inv_gamma = function(shape, scale = 1) {
      f(list(shape, scale), function(x) dgamma(1 / x, shape, scale, log = TRUE) - 2 * log(x),
        function(n) 1 / rgamma(n, shape, scale), function(q) pgamma(1 / q, shape, scale, lower.tail = FALSE))
    },
    chi_squared = function(df) {
      f(list(df), function(x) dchisq(x, df, log = TRUE), function(n) rchisq(n, df), function(q) pchisq(q, df))
    },
    weibull = function(shape, scale = 1) {
      f(list(shape, scale), function(x) dweibull(x, shape, scale, TRUE), function(n) rweibull(n, shape, scale),
        function(q) pweibull(q, shape, scale))
    },
    pareto = function(min, shape) {
      f(list(min, shape), function(x) ifelse(x < min, -Inf, log(shape) + shape * log(min) - (shape + 1) * log(x)),
        function(n) min * exp(rexp(n) / shape), function(q) 1 - pmin(1, min / q)^shape)
    },
    inverse_gaussian = function(mean, shape = 1) {
      f(list(mean, shape), function(x) log(shape / (2 * pi * x^3)) / 2 - shape * (x - mean)^2 / (2 * mean^2 * x),
        function(n) {
          y <- rnorm(n)^2
          x <- mean + mean^2 * y / (2 * shape) - mean / (2 * shape) * sqrt(4 * mean * shape * y + mean^2 * y^2)
          ifelse(runif(n) <= mean / (mean + x), x, mean^2 / x)
        })
    },
    levy = function(location = 0, scale = 1) {
      f(list(location, scale), function(x) {
        log(scale / (2 * pi)) / 2 - 1.5 * log(x - location) - scale / (2 * (x - location))
      }, function(n) location + scale / rnorm(n)^2, function(q) 2 * pnorm(-sqrt(scale / (q - location))))
    },
    uniform = function(min = 0, max = 1) {
      f(list(min, max), function(x) dunif(x, min, max, TRUE), function(n) runif(n, min, max),
        function(q) punif(q, min, max))
    },
    improper_uniform = function(lower = -Inf, upper = Inf) {
      f(list(lower, upper), function(x) ifelse(x > lower & x < upper, 0, -Inf), function(n) {
        u <- stats::rnorm(n)
        if (all(is.finite(lower)) && all(is.finite(upper))) lower + (upper - lower) * stats::plogis(u)
        else if (all(is.finite(lower))) lower + exp(u) else if (all(is.finite(upper))) upper - exp(u) else u
      })
    },
    beta = function(shape1, shape2) {
      f(list(shape1, shape2), function(x) dbeta(x, shape1, shape2, log = TRUE), function(n) rbeta(n, shape1, shape2),
        function(q) pbeta(q, shape1, shape2))
    },
    beta_proportion = function(mean, concentration) {
      a <- mean * concentration
      b <- (1 - mean) * concentration
      f(list(a, b), function(x) dbeta(x, a, b, log = TRUE), function(n) rbeta(n, a, b), function(q) pbeta(q, a, b))
    },
    kumaraswamy = function(shape1, shape2) {
      f(list(shape1, shape2),
        function(x) log(shape1 * shape2) + (shape1 - 1) * log(x) + (shape2 - 1) * log1p(-x^shape1),
        function(n) (1 - runif(n)^(1 / shape2))^(1 / shape1), function(q) 1 - (1 - q^shape1)^shape2)
    },
    bernoulli = function(prob, logits) {
      if (missing(prob)) prob <- plogis(logits)
      f(list(prob), function(x) dbinom(x, 1, prob, TRUE), function(n) rbinom(n, 1, prob),
        function(q) pbinom(q, 1, prob))
    },
    binomial = function(size, prob, logits) {
      if (missing(prob)) prob <- plogis(logits)
      f(list(size, prob), function(x) dbinom(x, size, prob, TRUE), function(n) rbinom(n, size, prob),
        function(q) pbinom(q, size, prob))
    },
    beta_binomial = function(size, shape1, shape2) {
      f(list(size, shape1, shape2),
        function(x) lchoose(size, x) + lbeta(x + shape1, size - x + shape2) - lbeta(shape1, shape2),
        function(n) rbinom(n, size, rbeta(n, shape1, shape2)))
    },
    poisson = function(lambda) {
      f(list(lambda), function(x) dpois(x, lambda, TRUE), function(n) rpois(n, lambda), function(q) ppois(q, lambda))
    },
    zero_inflated_poisson = function(lambda, zero_prob) {
      f(list(lambda, zero_prob), function(x) log(zero_prob * (x == 0) + (1 - zero_prob) * dpois(x, lambda)),
        function(n) ifelse(runif(n) < zero_prob, 0, rpois(n, lambda)))
    },
    neg_binomial = function(size, prob, mu) {
      if (missing(prob)) prob <- size / (size + mu)
      f(list(size, prob), function(x) dnbinom(x, size, prob, log = TRUE), function(n) rnbinom(n, size, prob),
        function(q) pnbinom(q, size, prob))
    },
    geometric = function(prob) {
      f(list(prob), function(x) dgeom(x, prob, TRUE), function(n) rgeom(n, prob), function(q) pgeom(q, prob))
    },
    hypergeometric = function(m, n, k) {
      f(list(m, n, k), function(x) dhyper(x, m, n, k, TRUE), function(nn) rhyper(nn, m, n, k))
    },
    ordered_logistic = function(eta, cutpoints) {
      ends <- c(-Inf, cutpoints, Inf)
      f(list(eta), function(x) log(plogis(ends[x + 1] - eta) - plogis(ends[x] - eta)),
        function(n) vapply(seq_len(n), function(i) {
          sum(rlogis(1, rep_len(eta, n)[i]) > cutpoints) + 1
        }, 0))
    },
    categorical = function(prob, logits) {
      if (missing(prob)) prob <- exp(logits)
      each <- function(n) {
        rows <- rows_of(prob, n)
        rows / rowSums(rows)
      }
      out <- f(list(), function(x) log(each(length(x))[cbind(seq_along(x), x)]),
        function(n) apply(each(n), 1, function(w) sample.int(length(w), 1, prob = w)))
      out$n <- if (is.matrix(prob)) nrow(prob) else 1L
      out
    },
    multinomial = function(size, prob) {
      f(list(), function(x) dmultinom(x, prob = prob, log = TRUE), function(n) rmultinom(1, size, prob)[, 1],
        event = length(prob))
    },
    mvn = function(mean = 0, cov, precision, cholesky) {
      if (missing(cov)) cov <- if (missing(precision)) cholesky %*% t(cholesky) else solve(precision)
      k <- nrow(cov)
      f(list(), function(x) {
        z <- x - mean
        -sum(z * solve(cov, z)) / 2 - as.numeric(determinant(cov)$modulus) / 2 - k / 2 * log(2 * pi)
      }, function(n) as.vector(mean + t(chol(cov)) %*% rnorm(k)), event = k)
    },
    mv_student_t = function(df, location = 0, scale) {
      k <- nrow(scale)
      f(list(), function(x) {
        z <- x - location
        lgamma((df + k) / 2) - lgamma(df / 2) - k / 2 * log(df * pi) - as.numeric(determinant(scale)$modulus) / 2 -
          (df + k) / 2 * log1p(sum(z * solve(scale, z)) / df)
      }, function(n) as.vector(location + t(chol(scale)) %*% rnorm(k) / sqrt(rchisq(1, df) / df)), event = k)
    },
    dirichlet = function(concentration) {
      f(list(), function(x) {
        lgamma(sum(concentration)) - sum(lgamma(concentration)) + sum((concentration - 1) * log(x))
      }, function(n) {
        x <- rgamma(length(concentration), concentration)
        x / sum(x)
      }, event = length(concentration))
    },
    gaussian_random_walk = function(n, sd = 1) {
      f(list(), function(x) sum(dnorm(diff(c(0, x)), 0, sd, TRUE)), function(nn) cumsum(rnorm(n, 0, sd)), event = n)
    },
    # Onion method, Lewandowski, Kurowicka and Joe (2009); the constant by their eq. 16.
    lkj_cholesky = function(n, shape = 1) {
      f(list(), function(x) {
        i <- 2:n
        b <- shape + (n - i) / 2
        constant <- sum((i - 1) / 2 * log(pi) + lgamma(b) - lgamma(b + (i - 1) / 2))
        sum((n - i + 2 * shape - 2) * log(diag(x)[i])) - constant
      }, function(nn) {
        x <- diag(n)
        for (i in 2:n) {
          y <- rbeta(1, (i - 1) / 2, shape + (n - i) / 2)
          u <- rnorm(i - 1)
          x[i, seq_len(i - 1)] <- sqrt(y) * u / sqrt(sum(u^2))
          x[i, i] <- sqrt(1 - y)
        }
        x
      }, event = c(n, n))
    },
    truncated = function(base, lower = -Inf, upper = Inf) {
      discrete <- isTRUE(all.equal(base$p(0.5), base$p(0)))
      # probability of lower <= X <= upper
      below <- if (discrete) base$p(ceiling(lower) - 1) else base$p(lower)
      mass <- base$p(upper) - below
      f(list(lower, upper, numeric(base$n)),
        function(x) ifelse(x < lower | x > upper, -Inf, base$lp(x) - log(mass)),
        function(n) {
          x <- base$r(n)
          out <- function(x) x < lower | x > upper
          for (k in 1:2000) {
            if (!any(out(x))) break
            x <- ifelse(out(x), base$r(n), x)
          }
          x
        }, function(q) pmin(1, pmax(0, (base$p(q) - below) / mass)))
    },
    truncated_normal = function(mean = 0, sd = 1, lower = -Inf, upper = Inf) {
      plain_distributions$truncated(plain_distributions$normal(mean, sd), lower, upper)
    },
    censored = function(base, lower = -Inf, upper = Inf) {
      f(list(lower, upper, numeric(base$n)), function(x) {
        ifelse(x <= lower, log(base$p(lower)), ifelse(x >= upper, log(1 - base$p(upper)), base$lp(x)))
      }, function(n) pmin(pmax(base$r(n), lower), upper))
    },
    mixture = function(..., weights) {
      parts <- list(...)
      w <- if (is.matrix(weights)) weights / rowSums(weights) else t(weights / sum(weights))
      f(c(list(numeric(nrow(w))), lapply(parts, function(d) numeric(d$n))), function(x) {
        log(Reduce(`+`, lapply(seq_along(parts), function(k) w[, k] * exp(parts[[k]]$lp(x)))))
      }, function(n) {
        rows <- w[rep_len(seq_len(nrow(w)), n), , drop = FALSE]
        which <- apply(rows, 1, function(p) sample.int(length(p), 1, prob = p))
        vapply(seq_len(n), function(i) parts[[which[i]]]$r(n)[i], 0)
      })
    },
    zero_inflated = function(base, prob) {
      discrete <- !is.null(base$p) && isTRUE(all.equal(base$p(0.5), base$p(0)))
      f(list(prob, numeric(base$n)), function(x) {
        from_base <- suppressWarnings(base$lp(x))
        if (discrete) log(prob * (x == 0) + (1 - prob) * exp(from_base))
        else ifelse(x == 0, log(prob), log1p(-prob) + from_base)
      }, function(n) ifelse(runif(n) < prob, 0, base$r(n)))
    },
    masked = function(d, mask) {
      out <- d
      out$n <- max(d$n, length(mask))
      out$lp <- function(x) ifelse(as.logical(rep_len(mask, length(x))), d$lp(x), 0)
      out$mask <- mask
      out
    },
    ordered = function(base, n) {
      f(list(), function(x) if (is.unsorted(x, strictly = TRUE)) -Inf else lfactorial(n) + sum(base$lp(x)),
        function(nn) sort(base$r(n)), event = n)
    },
    # transform: list(forward, inverse, log |derivative| of the forward map)
    transformed = function(base, transform) {
      if (is.function(transform[[1]])) transform <- list(transform)
      for (one in transform) base <- local({
        b <- base
        t <- if (is.character(one)) plain_transforms[[paste0("transform_", one)]]() else one
        f(list(numeric(b$n)), function(x) b$lp(t[[2]](x)) - t[[3]](t[[2]](x)), function(n) t[[1]](b$r(n)),
          if (!is.null(b$p) && isTRUE(t$increasing)) function(q) b$p(t[[2]](q)))
      })
      base
    },
    independent = function(d, n = 1) d,
    expand = function(d, dim) {
      d$n <- prod(dim)
      if (length(dim) > 1) d$dim <- dim
      d
    }
  )
})

plain_transforms <- list(
  transform_exp = function() list(exp, log, function(u) u, increasing = TRUE),
  transform_affine = function(location = 0, scale = 1) {
    list(function(u) location + scale * u, function(x) (x - location) / scale, function(u) log(abs(scale)),
         increasing = TRUE)
  },
  transform_sigmoid = function() list(plogis, qlogis, function(u) dlogis(u, log = TRUE), increasing = TRUE),
  transform_softplus = function() {
    list(function(u) log1p(exp(u)), function(x) log(expm1(x)), function(u) plogis(u, log.p = TRUE), increasing = TRUE)
  },
  transform_tanh = function() list(tanh, atanh, function(u) log1p(-tanh(u)^2), increasing = TRUE)
)

# Runs a model function's body on numbers.
#   values    values of latent sites; those that are not there are drawn from their distributions
#   handlers  list(condition =, substitute =, intervene =), each a named list of values
#   prior     TRUE: sites with data are drawn as well, or taken from `values`; "replicate": drawn where they have data
# Gives the log density of each element (event) of each site under `terms`, values, and what was recorded.
plain_run <- function(fn, data = list(), values = list(), handlers = list(), prior = FALSE) {
  run <- new.env()
  run$terms <- run$values <- run$records <- run$factors <- run$observed <- run$masks <- list()
  mask <- scale <- NULL
  plates <- integer()
  arguments <- names(formals(fn))

  draw_plain <- function(name, dist, obs, shape, at) {
    given <- handlers$condition[[name]]
    if (!is.null(given)) obs <- if (is.null(at)) given else given[at]
    n <- if (!is.null(shape)) prod(shape) else if (!is.null(obs)) length(obs)
         else if (!is.null(dist$event)) prod(dist$event)
         else max(dist$n, prod(plates))
    if (is.null(shape)) {
      shape <- if (!is.null(obs) && !is.null(dim(obs))) dim(obs) else if (!is.null(dist$event)) dist$event
               else if (n == dist$n && !is.null(dist$dim)) dist$dim else if (n == prod(plates) && n > 1) plates else n
    }
    drawn <- as.vector(if (is.null(dist$event)) dist$r(n) else dist$r(1))
    from <- values[[name]]
    if (!is.null(from) && !is.null(at)) from <- from[at]
    x <- if (is.null(from)) drawn else as.vector(from)
    if (identical(prior, "replicate") && !is.null(obs)) x[!is.na(obs)] <- drawn[!is.na(obs)]
    fixed <- handlers$substitute[[name]]
    if (is.null(fixed)) fixed <- handlers$intervene[[name]]
    if (!is.null(obs) && isFALSE(prior)) x[!is.na(obs)] <- as.vector(obs)[!is.na(obs)]
    if (!is.null(fixed)) x <- as.vector(if (is.null(at)) fixed else fixed[at])
    if (length(shape) > 1) dim(x) <- shape
    terms <- if (!is.null(handlers$intervene[[name]])) numeric(n) else as.vector(dist$lp(x))
    if (is.null(dist$event)) terms <- rep_len(terms, n)
    on <- rep(TRUE, length(terms))
    for (m in list(mask, dist$mask)) if (!is.null(m)) on <- on & as.logical(rep_len(m, length(terms)))
    terms <- ifelse(on, terms, 0)
    if (!is.null(scale)) terms <- terms * rep_len(scale, length(terms))
    places <- if (is.null(at)) seq_len(n) else at
    known <- if (is.null(obs)) rep(FALSE, n) else !is.na(as.vector(obs))
    whole <- function(field, new) {
      old <- run[[field]][[name]]
      old[places[seq_along(new)]] <- new
      old
    }
    run$terms[[name]] <- whole("terms", terms)
    run$observed[[name]] <- whole("observed", known)
    run$masks[[name]] <- whole("masks", rep_len(on, n))
    if (is.null(at)) run$values[[name]] <- x else run$values[[name]] <- whole("values", as.vector(x))
    handled <- !is.null(given) || !is.null(fixed)
    if (!is.null(obs) && !anyNA(obs) && !handled) obs else x
  }

  head_of <- function(call, frame) {
    if (is.symbol(call)) return(eval(call, frame))
    constructor <- plain_distributions[[as.character(call[[1]])]]
    if (is.null(constructor)) return(eval(call, frame))
    args <- lapply(as.list(call)[-1], function(a) {
      if (is.call(a) && is.symbol(a[[1]]) && as.character(a[[1]]) %in% names(plain_distributions) &&
          any(c("base", "d", "...") %in% names(formals(constructor)))) head_of(a, frame) else eval(a, frame)
    })
    do.call(constructor, args)
  }

  scope <- list2env(c(plain_transforms, list(
    `~` = function(lhs, rhs) {
      call <- sys.call()
      frame <- parent.frame()
      dist <- head_of(call[[3]], frame)
      lhs <- call[[2]]
      name <- as.character(if (is.call(lhs)) lhs[[2]] else lhs)
      bound <- get0(name, envir = run$frame, inherits = FALSE)
      is_data <- name %in% arguments && !is.null(run$data[[name]])
      if (!is.call(lhs)) {
        x <- draw_plain(name, dist, if (is_data) run$data[[name]], NULL, NULL)
        assign(name, x, envir = run$frame)
      } else {
        index <- lapply(as.list(lhs)[-(1:2)], eval, frame)
        counts <- lengths(index)
        if (is_data) {
          obs <- do.call(`[`, c(list(run$data[[name]]), index))
          whole <- array(seq_along(run$data[[name]]), if (is.null(dim(run$data[[name]]))) length(run$data[[name]])
                         else dim(run$data[[name]]))
        } else {
          obs <- NULL
          extents <- if (is.null(bound)) vapply(index, max, 0)
                     else if (is.null(dim(bound))) length(bound) else dim(bound)
          whole <- array(seq_len(prod(extents)), extents)
          if (is.null(bound)) assign(name, array(NA_real_, extents), envir = run$frame)
        }
        at <- as.vector(do.call(`[`, c(list(whole), index)))
        x <- draw_plain(name, dist, obs, counts, at)
        # elements with data keep them, also where they are drawn anew
        if (!is.null(obs) && !anyNA(obs)) return(invisible())
        here <- get(name, envir = run$frame)
        here[at] <- x
        assign(name, if (length(dim(here)) == 1) as.vector(here) else here, envir = run$frame)
      }
      invisible()
    },
    `:=` = function(lhs, rhs) {
      run$records[[as.character(sys.call()[[2]])]] <- rhs
      assign(as.character(sys.call()[[2]]), rhs, envir = run$frame)
      invisible(rhs)
    },
    log_factor = function(name, value) {
      run$factors[[name]] <- sum(value)
      invisible()
    },
    with_mask = function(m, expr) {
      old <- mask
      mask <<- if (is.null(old)) m else old * m
      on.exit(mask <<- old)
      expr
    },
    with_scale = function(s, expr) {
      old <- scale
      scale <<- if (is.null(old)) s else old * s
      on.exit(scale <<- old)
      expr
    },
    with_plate = function(name, size, fn) {
      old <- plates
      plates <<- c(plates, size)
      on.exit(plates <<- old)
      fn(seq_len(size))
    }
  )), parent = globalenv())
  run$data <- data
  run$frame <- list2env(data, parent = scope)
  for (name in setdiff(arguments, names(data))) assign(name, eval(formals(fn)[[name]], run$frame), envir = run$frame)
  eval(body(fn), run$frame)
  for (name in names(run$values)) {
    now <- get0(name, envir = run$frame, inherits = FALSE)
    if (!is.null(dim(now)) && length(now) == length(run$values[[name]])) dim(run$values[[name]]) <- dim(now)
  }
  as.list(run)[c("terms", "values", "records", "factors", "observed", "masks")]
}
