# A random model (helper-random-models.R) against plain R (helper-plain-models.R): each difference is a line of text.

# The log density, on the scale of the values; discrete latent sites are summed over 0, ..., 4.
plain_total <- function(m, values) {
  grid <- expand.grid(lapply(stats::setNames(m$discrete, m$discrete), function(site) 0:4))
  each <- vapply(seq_len(max(1L, nrow(grid))), function(i) {
    fixed <- if (length(m$discrete)) as.list(grid[i, , drop = FALSE]) else list()
    # a category that there is not has no probability
    at <- utils::modifyList(values, fixed)
    run <- tryCatch(suppressWarnings(plain_run(m$fn, m$data, at)), error = function(e) NULL)
    prior <- sum(unlist(run$terms[m$discrete]))
    if (is.null(run) || is.na(prior) || prior == -Inf) -Inf else sum(unlist(run$terms), unlist(run$factors))
  }, 0)
  top <- max(each)
  if (is.finite(top)) top + log(sum(exp(each - top))) else top
}

# The numbers among the latent values that may change freely: get(values) and set(values, numbers).
free_numbers <- function(m, run, values) {
  at <- lapply(stats::setNames(nm = names(values)), function(site) {
    x <- values[[site]]
    if (site %in% m$simplex) return(seq_len(length(x) - 1))
    if (site %in% m$cholesky) return(which(lower.tri(x)))
    which(rep_len(run$masks[[site]], length(x)) & !rep_len(run$observed[[site]], length(x)))
  })
  set <- function(values, numbers) {
    for (site in names(values)) {
      n <- length(at[[site]])
      values[[site]][at[[site]]] <- numbers[seq_len(n)]
      numbers <- numbers[seq_along(numbers) > n]
      if (site %in% m$simplex) values[[site]][length(values[[site]])] <- 1 - sum(values[[site]][at[[site]]])
      below <- lower.tri(values[[site]])
      if (site %in% m$cholesky) diag(values[[site]]) <- sqrt(1 - rowSums((values[[site]] * below)^2))
    }
    values
  }
  list(get = function(values) unlist(lapply(names(values), function(site) values[[site]][at[[site]]])), set = set)
}

# log |det du/dx| by central differences of two sizes; NA where they do not agree to 1e-5.
plain_jacobian <- function(free, values, coordinates) {
  x <- free$get(values)
  if (!length(x)) return(0)
  by_step <- vapply(c(1e-6, 1e-7), function(step) {
    columns <- vapply(seq_along(x), function(i) {
      h <- step * max(abs(x[i]), 0.01)
      at <- function(sign) coordinates(free$set(values, replace(x, i, x[i] + sign * h)))
      (at(1) - at(-1)) / (2 * h)
    }, x)
    as.numeric(determinant(matrix(columns, length(x)))$modulus)
  }, 0)
  if (is.na(diff(by_step)) || abs(diff(by_step)) > 1e-5 * (1 + abs(by_step[1]))) NA else by_step[1]
}

is_near <- function(a, b, tolerance) {
  length(a) == length(b) && all(is.finite(c(a, b))) && all(abs(a - b) <= tolerance * (1 + abs(b)))
}

# Differences in density, gradient, instruction sets, terms of sites and recorded values, at a draw from the prior.
# "skipped": numbers too large or too near an edge for differences, or coordinates that discrete sites move.
check_random_model <- function(m) {
  wrong <- character()
  note <- function(...) wrong <<- c(wrong, sprintf(...))
  if (any(is.infinite(unlist(m$data)) | is.nan(unlist(m$data)))) return("skipped")
  spec <- model_spec(model(m$fn), m$data)
  run <- suppressWarnings(plain_run(m$fn, m$data))
  latent <- Filter(function(site) !all(run$observed[[site]]), setdiff(names(run$values), m$discrete))
  values <- run$values[latent]
  want <- plain_total(m, values)
  if (!is.finite(want) || abs(want) > 1e4 || any(abs(unlist(values)) > 1e3)) return("skipped")
  density <- function(at) log_density(spec, values = at, prune = FALSE)
  got <- tryCatch(density(values), reparam_unsupported = identity)
  if (inherits(got, "error") && grepl("depends on discrete sites", conditionMessage(got))) return("skipped")
  u <- attr(got, "unconstrained")
  free <- free_numbers(m, run, values)
  if (length(free$get(values)) != length(u)) return(sprintf("%d coordinates: %s", length(u), toString(names(u))))
  jacobian <- plain_jacobian(free, values, function(at) attr(density(at), "unconstrained"))
  if (is.na(jacobian)) return("skipped")
  if (!is_near(got, want - jacobian, 1e-5)) note("density %.10g, not %.10g", got, want - jacobian)
  slopes <- vapply(seq_along(u), function(i) {
    h <- 1e-5 * max(1, abs(u[i]))
    at <- function(sign) as.numeric(density(unname(replace(u, i, u[i] + sign * h))))
    (at(1) - at(-1)) / (2 * h)
  }, 0)
  if (!is_near(unname(attr(got, "gradient")), slopes, 1e-4)) note("gradient")
  old <- options(reparam.isa = "portable")
  portable <- density(unname(u))
  options(old)
  if (!is_near(portable, as.numeric(got), 1e-9)) note("portable: %.12g, not %.12g", portable, got)
  if (length(m$discrete)) return(wrong)
  fixed <- if (length(values)) do.call(substitute_sites, c(list(model(m$fn)), values)) else model(m$fn)
  trace <- trace_model(fixed, m$data, seed = 1)
  for (site in names(run$terms)) {
    term <- trace$log_density[match(site, trace$name)]
    # probabilities of R's dbinom() near 0 and 1 are good to 1e-6 of their logarithms
    if (!is.na(term) && !is_near(term, sum(run$terms[[site]]), 1e-6)) note("site %s", site)
  }
  for (name in m$records) {
    if (!is_near(as.vector(trace$value[[match(name, trace$name)]]), as.vector(run$records[[name]]), 1e-9)) {
      note("record %s", name)
    }
  }
  wrong
}

# Draws from the prior against simulation by plain R, and recorded values recomputed from draws.
check_prior_draws <- function(m, n = 250) {
  if (length(m$improper) || any(is.infinite(unlist(m$data)) | is.nan(unlist(m$data)))) return("skipped")
  wrong <- character()
  note <- function(...) wrong <<- c(wrong, sprintf(...))
  prior <- prior_draws(model(m$fn), m$data, draws = n, seed = 1)
  simulated <- lapply(seq_len(n), function(i) suppressWarnings(plain_run(m$fn, m$data, prior = TRUE))$values)
  sites <- names(simulated[[1]])
  arrays <- lapply(stats::setNames(nm = sites), function(site) draws(prior, site))
  for (site in sites) {
    engine <- matrix(arrays[[site]], n)
    plain <- do.call(rbind, lapply(simulated, function(v) as.vector(v[[site]])))
    for (k in seq_len(ncol(engine))) {
      # small numbers end in 0 here and at 1e-308 there
      p <- suppressWarnings(stats::ks.test(zapsmall(engine[, k], 200), zapsmall(plain[, k], 200)))$p.value
      if (is.na(p) || p < 1e-7) note("site %s[%d]: p = %.2g", site, k, p)
    }
  }
  for (i in 1:2) {
    at <- lapply(arrays, function(x) array(matrix(x, n)[i, ], c(dim(x)[-(1:2)], if (length(dim(x)) == 2L) 1L)))
    again <- suppressWarnings(plain_run(m$fn, m$data, at, prior = TRUE))
    for (name in m$records) {
      if (!is_near(matrix(draws(prior, name), n)[i, ], as.vector(again$records[[name]]), 1e-7)) note("record %s", name)
    }
  }
  wrong
}
