# Broken specs: valid ones of models that together use every kind of statement, handler and configuration, with a few
# random changes. tools/fuzz-spec.R runs many of them, test-spec-fuzz.R a few.

fuzz_models <- function() {
  list(
    chain = list(
      model(function(n, y) {
        k ~ lognormal(0, 1)
        x <- numeric(n)
        x[1] <- 1
        for (i in 2:n) x[i] <- x[i - 1] * (1 - 0.1 * k)
        a := x
        y ~ normal(x, 0.1)
      }),
      list(n = 12, y = c(NA, 0.9, 0.8, NA, rep(0.5, 8)))
    ),
    hierarchy = list(
      model(function(y, sigma) {
        mu ~ normal(0, 5)
        tau ~ half_cauchy(5)
        theta <- with_plate("schools", 4, function(i) draw("theta", dist_normal(rep(mu, 4), tau)))
        y ~ normal(theta, sigma)
      }) |> reparam(theta = decenter()),
      list(y = c(28, 8, -3, 7), sigma = c(15, 10, 16, 11))
    ),
    elementwise = list(
      model(function(y) {
        x <- numeric(3)
        x[1] ~ normal(0, 1)
        for (t in 2:3) x[t] ~ normal(x[t - 1], 0.5)
        y ~ student_t(4, x, 0.3)
      }) |> condition(x = c(NA, 0.2, NA)),
      list(y = c(0.1, NA, 0.5))
    ),
    compound = list(
      model(function(y) {
        w ~ dirichlet(c(1, 2, 3))
        z[1:5] ~ categorical(w)
        counts := z
        m ~ transformed(normal(0, 1), list(transform_affine(1, 2), transform_exp()))
        y ~ truncated(normal(m, 1), 0, Inf)
        b ~ masked(beta(2, 2), TRUE)
        log_factor("extra", -m^2)
      }) |> block(hide = "b"),
      list(y = c(0.5, 1.5))
    ),
    matrices = list(
      model(function(y, X) {
        L ~ lkj_cholesky(2, 1.5)
        b ~ mvn(c(0, 0), diag(2))
        s <- param("s", 1, "positive")
        with_scale(2, y ~ normal(as.vector(X %*% b), s))
        with_mask(c(TRUE, FALSE), u[1:2] ~ normal(0, 1))
      }) |> substitute_sites(u = c(0.1, 0.2)) |> seed_model(3),
      list(y = c(1, 2, 3), X = matrix(c(1, 1, 1, 2, 3, 4), 3))
    ),
    reparameterized = list(
      model(function(y) {
        a ~ stable(1.5, 0.2, 1, 0)
        g ~ student_t(4, 0, 1)
        v[1:4] ~ normal(0, 1)
        h[1:4] ~ normal(g, 1)
        y ~ normal(a + sum(v) + sum(h), 1)
      }) |> reparam(
        a = reparam_latent_stable(), g = reparam_student_t(), v = reparam_haar(allow_batch = TRUE), h = reparam_split(c(1, 3))
      ) |> intervene(g = 0.5),
      list(y = c(0.3, 0.1))
    )
  )
}

fuzz_specs <- function() lapply(fuzz_models(), function(m) suppressWarnings(model_spec(m[[1]], m[[2]])))

# Paths of all parts of a list, as vectors of positions; a list that has become huge counts as one part.
fuzz_paths <- function(x, path = integer()) {
  if (!is.list(x) || length(x) > 300) return(list(path))
  c(list(path), unlist(lapply(seq_along(x), function(k) fuzz_paths(x[[k]], c(path, k))), recursive = FALSE))
}

fuzz_change <- function(part, spec) {
  number <- sample(c(0, -1, 1, 2, NA, NaN, Inf, 1e9, 2^31, 2^53, 1e300, -2^31, 0.5), 1)
  one_element <- function(x, value) {
    if (length(x) && is.atomic(x)) x[sample.int(length(x), 1)] <- value
    x
  }
  changes <- list(
    function() NULL,
    function() as.character(unlist(part)),
    function() suppressWarnings(as.integer(unlist(part))),
    function() as.list(part),
    function() part[0],
    function() part[-1],
    function() rep(part, 3),
    function() rep_len(if (length(part)) part else 0, sample(c(5, 1000, 2e4), 1)),
    function() one_element(part, number),
    function() one_element(part, number),
    function() one_element(part, sample(200, 1)),
    function() one_element(part, NA),
    function() number,
    function() rev(part),
    function() if (length(part)) stats::setNames(part, rev(names(part))) else part,
    function() if (is.null(names(part))) part else stats::setNames(part, sample(c("", NA, "x"), length(part), TRUE)),
    function() list(part),
    function() {
      foreign <- list(TRUE, "normal", 1i, as.raw(1), quote(x), sum, new.env(), strrep("x", 5000), list(), NA)
      sample(foreign, 1)[[1]]
    },
    function() structure(part, dim = NULL, class = "strange"),
    function() {
      paths <- fuzz_paths(spec)
      path <- paths[[sample.int(length(paths), 1)]]
      if (length(path)) spec[[path]] else 0
    }
  )
  changes[[sample.int(length(changes), 1)]]()
}

# One to three changes in random places; statements and nodes are hit as often as small parts are.
fuzz_spec <- function(specs) {
  spec <- unclass(specs[[sample.int(length(specs), 1)]])
  for (i in seq_len(sample(3, 1))) {
    paths <- Filter(length, fuzz_paths(spec))
    if (!length(paths)) break
    path <- paths[[sample.int(length(paths), 1)]]
    # a change that R itself cannot make leaves the spec as it was
    spec <- tryCatch(
      {
        changed <- fuzz_change(spec[[path]], if (stats::runif(1) < 0.5) spec else unclass(specs[[1]]))
        if (is.null(changed)) spec[[path]] <- NULL else spec[[path]] <- changed
        spec
      },
      error = function(e) spec
    )
  }
  structure(spec, class = "reparam_spec")
}

# The density at 0 of as many coordinates as a spec of these models can have.
at_origin <- function(spec, ...) {
  control <- list(reparam = "auto", seed = 1, ...)
  for (n in 0:16) {
    result <- tryCatch(.Call(reparam:::ffi_log_density, spec, control, numeric(n)), reparam_error = identity)
    if (!inherits(result, "reparam_error") || !grepl("unconstrained", conditionMessage(result))) break
  }
  if (inherits(result, "error")) stop(result)
  result
}

fuzz_uses <- list(
  density = function(spec) at_origin(spec, prune = TRUE, centering = TRUE),
  unpruned = function(spec) at_origin(spec, prune = FALSE),
  prior = function(spec) prior_draws(spec, draws = 3, seed = 1),
  trace = function(spec) trace_model(spec, seed = 1),
  map = function(spec) reparam_map(spec),
  format = function(spec) format(spec),
  nuts = function(spec) {
    fit_nuts(spec, chains = 1, iter_warmup = 5, iter_sampling = 5, seed = 1, max_treedepth = 3)
  },
  svi = function(spec) fit_svi(spec, steps = 3, draws = 3, seed = 1)
)

# "value", or the class of the error.
fuzz_outcome <- function(seed, specs) {
  set.seed(seed)
  spec <- fuzz_spec(specs)
  use <- sample(names(fuzz_uses), 1)
  outcome <- tryCatch(
    {
      suppressWarnings(fuzz_uses[[use]](spec))
      "value"
    },
    error = function(e) paste(class(e)[1], conditionMessage(e), sep = ": ")
  )
  structure(outcome, use = use)
}
