# Fits made from given arrays, so that what is shown of a fit is tested without the engine.

# A spec of the catalyst's shape: k and k_d, recorded a of length n, y around it, observed where `y` is not NA.
mock_spec <- function(n = 4L, y = rep(NA_real_, n)) {
  number <- function(x) list(op = "const", n = 1, input = integer(), number = x)
  rows <- list(
    number(0), number(1), list(op = "site", n = 1, input = integer(), number = 1),
    number(-2), list(op = "site", n = 1, input = integer(), number = 2),
    list(op = "mul", n = 1, input = c(3L, 5L), number = numeric()), number(0.05),
    list(op = "site", n = n, input = integer(), number = 4)
  )
  lognormal <- function(mean, sd) list(family = "lognormal", args = list(meanlog = mean, sdlog = sd))
  statement <- function(kind, name, node, dim, ...) {
    list(kind = kind, name = name, node = node, dim = as.integer(dim), ...)
  }
  structure(
    list(
      version = 1L,
      nodes = list(
        op = vapply(rows, `[[`, "", "op"), n = vapply(rows, `[[`, 0, "n"),
        input = unlist(lapply(rows, `[[`, "input")),
        input_end = cumsum(vapply(rows, function(r) length(r$input), 0L)),
        number = unlist(lapply(rows, `[[`, "number")),
        number_end = cumsum(vapply(rows, function(r) length(r$number), 0L))
      ),
      statements = list(
        statement("draw", "k", 3L, 1, dist = lognormal(1L, 2L)),
        statement("draw", "k_d", 5L, 1, dist = lognormal(4L, 2L)),
        statement("record", "a", 6L, n),
        statement("draw", "y", 8L, n, dist = lognormal(6L, 7L), observed = if (!all(is.na(y))) y)
      ),
      handlers = list(), data = list()
    ),
    class = "reparam_spec"
  )
}

mock_site <- function(name, kind, dim = 1L, auxiliary = FALSE, distribution = "lognormal") {
  list(
    name = name, kind = kind, dim = as.integer(dim), auxiliary = auxiliary, original = name,
    distribution = distribution, why = ""
  )
}

mock_result <- function(draws, kinds, dims, sampler = list()) {
  size <- dim(draws[[1]])[1:2]
  statistic <- function(value) matrix(value, size[1], size[2])
  defaults <- list(
    accept_stat = statistic(0.9), step_size = statistic(0.5), tree_depth = statistic(3), n_leapfrog = statistic(7),
    divergent = statistic(0), energy = statistic(stats::rnorm(prod(size))), lp = statistic(-1)
  )
  defaults[names(sampler)] <- lapply(sampler, statistic)
  latent <- names(kinds)[kinds %in% c("latent", "partial")]
  coordinates <- unlist(lapply(draws[latent], as.vector))
  list(
    sites = Map(mock_site, names(kinds), kinds, dims), draws = draws,
    unconstrained = array(coordinates, c(size, length(coordinates) / prod(size))), unconstrained_names = latent,
    sampler = defaults, adaptation = list(step_size = rep(0.5, size[2])), completed = rep(size[1], size[2]),
    interrupted = FALSE, seconds = matrix(0.1, size[2], 2), dim = length(latent), isa = "portable",
    warnings = character(), state = rep(list(c(0, 0, 0)), size[2]), iterations = rep(size[1], size[2]), failures = rep(NA_character_, size[2])
  )
}

# Independent draws: a healthy fit.
mock_nuts <- function(n = 4L, iterations = 200L, chains = 4L, y = rep(NA_real_, n), shift = 0, sampler = list(),
                      y_kind = if (all(is.na(y))) "latent" else "partial", control = list(), call = NULL) {
  set.seed(1)
  noise <- function(width) array(stats::rnorm(iterations * chains * width), c(iterations, chains, width))
  k <- noise(1) + rep(shift * seq_len(chains), each = iterations)
  draws <- list(k = exp(k), k_d = exp(noise(1) - 2), a = noise(n), y = noise(n))
  draws$y[] <- ifelse(is.na(rep(y, each = iterations * chains)), draws$y, rep(y, each = iterations * chains))
  kinds <- c(k = "latent", k_d = "latent", a = "recorded", y = y_kind)
  defaults <- list(
    chains = chains, iter_warmup = 1000, iter_sampling = iterations, adapt_delta = 0.8, max_treedepth = 10,
    prune = TRUE, seed = 1
  )
  defaults[names(control)] <- control
  result <- mock_result(draws, kinds, list(1L, 1L, n, n), sampler)
  if (is.null(call)) call <- quote(fit_nuts(model = reaction, data = lab, seed = 1))
  new_fit(result, NULL, mock_spec(n, y), defaults, call, "reparam_nuts")
}

mock_svi <- function(loss = 3 + exp(-seq_len(1000) / 50), draws = 300L) {
  fit <- mock_nuts(iterations = draws, chains = 1L)
  fit$sampler <- fit$adaptation <- fit$seconds <- NULL
  fit$loss <- loss
  fit$elbo <- c(-3, 0.01)
  fit$control <- list(optim = list(kind = "adam", lr = 0.01), guide = guide_normal(), steps = length(loss), seed = 1)
  fit$call <- quote(fit_svi(model = reaction, data = lab))
  class(fit) <- c("reparam_svi", "reparam_fit")
  fit
}
