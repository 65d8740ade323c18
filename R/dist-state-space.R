#' Gaussian hidden Markov model
#'
#' A series of outputs of a linear Gaussian state-space model, its states integrated out by the Kalman filter. States
#' are row vectors of length `d`, outputs of length `p`: `z[0] ~ initial`, `z[t] = z[t - 1] %*% transition_matrix +
#' transition noise` and `y[t] = z[t] %*% observation_matrix + observation noise` for `t = 1, ..., duration`. The first
#' transition comes before the first output, as in Pyro. Cost and memory grow in proportion to `duration`.
#'
#' A value has one row for each step and one column for each output; with one output, a vector does as well. `NA` in
#' the data means not observed: the filter passes over it, and the missing outputs are drawn given the others. The
#' states are no part of the posterior that is sampled; they are drawn from their distribution given the outputs
#' (smoothed) into the auxiliary site `y_state`, which `fit_nuts(keep = c(..., "y_state"))` keeps and [draws()] gives.
#'
#' Matrices and means may change from step to step: a mean is then a matrix with one row for each step, a matrix an
#' array whose first extent is the step, and a [dist_normal()] has arguments that are matrices with one row for each
#' step.
#'
#' @param initial Distribution of the state before the first step: [dist_normal()] or any form of [dist_mvn()].
#' @param transition_matrix A `d` x `d` matrix, by which a row vector is multiplied from the right; or an array, steps
#'   first.
#' @param transition Distribution of the noise of a transition, of the same kinds.
#' @param observation_matrix A `d` x `p` matrix (a vector: `p = 1`); or an array, steps first.
#' @param observation Distribution of the noise of the outputs.
#' @param duration Number of steps; needed unless an argument changes from step to step.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' Sizes that do not fit; a noise that is not normal (see [dist_linear_hmm()]); an unknown duration.
#' @references Durbin and Koopman (2012). Time Series Analysis by State Space Methods, 2nd edition, chapters 4 and 6.
#'   Durbin and Koopman (2002). A simple and efficient simulation smoother. Biometrika 89, for the draws.
#' @seealso [dist_linear_hmm()], [dist_independent_hmm()], [dist_gaussian_state_space()]
#' @examples
#' # A level that wanders, seen with noise; two values are missing.
#' m <- model(function(y) {
#'   step ~ half_normal(1)
#'   y ~ gaussian_hmm(
#'     dist_normal(0, 10), 1, dist_normal(0, step), 1, dist_normal(0, 0.5), duration = 6
#'   )
#' })
#' data <- list(y = c(1.2, 1.1, NA, 2.3, NA, 2.9))
#' fit <- fit_nuts(m, data, chains = 2, keep = c("step", "y", "y_state"), seed = 1)
#' apply(draws(fit, "y_state"), 3, mean)
#' @export
dist_gaussian_hmm <- function(initial, transition_matrix, transition, observation_matrix, observation,
                              duration = NULL) {
  sizes <- hmm_sizes(transition_matrix, observation_matrix)
  noises <- list(
    initial = gaussian_moments(initial, sizes$d, "initial"),
    transition = gaussian_moments(transition, sizes$d, "transition"),
    observation = gaussian_moments(observation, sizes$p, "observation")
  )
  if (!is.null(noises$initial$steps)) stop_reparam("`initial` is the distribution of one state, not of several.")
  steps <- hmm_duration(duration, c(
    transition_matrix = sizes$transition_steps, observation_matrix = sizes$observation_steps,
    transition = noises$transition$steps, observation = noises$observation$steps
  ))
  args <- list(
    initial_mean = noises$initial$mean, initial_cov = noises$initial$cov, transition_matrix = transition_matrix,
    transition_mean = noises$transition$mean, transition_cov = noises$transition$cov,
    observation_matrix = observation_matrix,
    observation_mean = noises$observation$mean, observation_cov = noises$observation$cov,
    steps = seq_len(steps), states = seq_len(sizes$d), outputs = seq_len(sizes$p)
  )
  new_event_dist("gaussian_hmm", args, event = if (sizes$p == 1L) steps else c(steps, sizes$p))
}

#' Linear hidden Markov model with noise of any distribution
#'
#' The model of [dist_gaussian_hmm()] with noises that need not be normal. It can be drawn from, but has no density of
#' its own: [reparam_linear_hmm()], which the strategies "minimal" and "auto" use, makes the noises normal given
#' auxiliary sites, and the model then is a Gaussian one, filtered exactly. That goes for `student_t()` and `stable()`
#' noise; lognormal outputs are a transform of normal ones, `transforms = "exp"`.
#'
#' Elements of a univariate noise are independent over steps and dimensions; its arguments are one number, one for each
#' dimension, or a matrix with one row for each step. [dist_mvn()] is noise that is correlated within a step.
#'
#' @inheritParams dist_gaussian_hmm
#' @param initial,transition,observation Distributions of the initial state and of the noises.
#' @param transforms Transforms of the outputs, elementwise, in the order in which they are applied: as for
#'   [dist_transformed()].
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' Sizes that do not fit; an unknown duration; noise that no reparameterization makes normal (when the model is fitted).
#' @references Durbin and Koopman (2012). Time Series Analysis by State Space Methods, 2nd edition, part II.
#' @seealso [reparam_linear_hmm()]
#' @examples
#' # A level that jumps now and then: its steps have heavy tails.
#' m <- model(function(y) {
#'   step ~ half_normal(1)
#'   y ~ linear_hmm(
#'     dist_normal(0, 10), 1, dist_stable(1.5, 0, step), 1, dist_normal(0, 0.5), duration = 6
#'   )
#' })
#' reparam_map(m, list(y = c(1.2, 1.1, NA, 12.3, 12.1, 11.9)))
#' @export
dist_linear_hmm <- function(initial, transition_matrix, transition, observation_matrix, observation, duration = NULL,
                            transforms = list()) {
  sizes <- hmm_sizes(transition_matrix, observation_matrix)
  noises <- list(
    expand_noise(initial, sizes$d, 1L, "initial"), expand_noise(transition, sizes$d, NULL, "transition"),
    expand_noise(observation, sizes$p, NULL, "observation")
  )
  steps <- hmm_duration(duration, c(
    transition_matrix = sizes$transition_steps, observation_matrix = sizes$observation_steps,
    transition = noises[[2]]$steps, observation = noises[[3]]$steps
  ))
  noises <- list(noises[[1]]$dist(1L), noises[[2]]$dist(steps), noises[[3]]$dist(steps))
  args <- list(
    transition_matrix = transition_matrix, observation_matrix = observation_matrix, steps = steps, states = sizes$d,
    outputs = sizes$p
  )
  d <- structure(list(family = "linear_hmm", components = noises, args = args), class = "reparam_dist")
  d$event <- if (sizes$p == 1L) steps else c(steps, sizes$p)
  if (length(transforms)) dist_transformed(d, transforms) else d
}

#' Independent hidden Markov models side by side
#'
#' Several series of one output each, independent of each other, as the columns of one matrix.
#'
#' @param base A [dist_gaussian_hmm()] or [dist_linear_hmm()] with one output; or a list of Gaussian ones of the same
#'   duration and number of states, one for each series.
#' @param n Number of series, where `base` is one model for all of them.
#' @return An object of class `reparam_dist`.
#' @section Errors: A `base` with several outputs; models of different sizes; a list of models that are not Gaussian.
#' @seealso [dist_gaussian_hmm()], [dist_linear_hmm()]
#' @examples
#' level <- dist_gaussian_hmm(
#'   dist_normal(0, 1), 1, dist_normal(0, 0.1), 1, dist_normal(0, 0.5), duration = 20
#' )
#' rough <- dist_gaussian_hmm(
#'   dist_normal(0, 1), 1, dist_normal(0, 1), 1, dist_normal(0, 0.5), duration = 20
#' )
#' m <- model(function() y ~ independent_hmm(list(level, rough)))
#' dim(draws(prior_draws(m, draws = 1, seed = 1), "y"))
#' @export
dist_independent_hmm <- function(base, n = NULL) {
  if (is.list(base) && !is_dist(base)) {
    if (!is.null(n)) stop_reparam("`n` is for one `base`; a list has as many series as models.")
    n <- length(base)
    base <- join_hmms(base)
  }
  check_dist(base, "base")
  inner <- base
  while (inner$family == "transformed") inner <- inner$base
  if (!inner$family %in% c("gaussian_hmm", "linear_hmm") || length(inner$event) != 1L) {
    stop_reparam(sprintf("`base` must be a hidden Markov model with one output, not `%s`.", inner$family),
      "`dist_gaussian_hmm()` and `dist_linear_hmm()` make these.")
  }
  if (is.null(n)) stop_reparam("Give `n`, the number of series, or a list with a model for each.")
  d <- combine("independent_hmm", base, n = check_size(n, "n"))
  d$event <- c(inner$event, d$n)
  d
}

#' Gaussian state-space model
#'
#' A series of states with `z[t] = transition_matrix %*% z[t - 1] + noise` for `t = 1, ..., n`, from `z[0] = initial`,
#' the noise being normal with mean 0: as NumPyro's `GaussianStateSpace`. States are column vectors here; a value has
#' one row for each step. A series may be observed in part.
#'
#' @param n Number of steps; a whole number, 1 or more.
#' @param transition_matrix A square matrix.
#' @param cov,precision,cholesky Covariance matrix of the noise, its inverse, or its lower Cholesky factor; give one.
#' @param initial State before the first step: a vector, or one number for all.
#' @return An object of class `reparam_dist`.
#' @section Errors: Sizes that do not fit; none or several of `cov`, `precision` and `cholesky`.
#' @references Durbin and Koopman (2012). Time Series Analysis by State Space Methods, 2nd edition, chapter 3.
#' @seealso [dist_gaussian_hmm()], [dist_gaussian_random_walk()]
#' @examples
#' # a damped oscillation, kicked by noise
#' m <- model(function() z ~ gaussian_state_space(50, matrix(c(0.9, -0.3, 0.3, 0.9), 2), diag(0.1, 2)))
#' z <- draws(prior_draws(m, draws = 1, seed = 1), "z")
#' dim(z)
#' @export
dist_gaussian_state_space <- function(n, transition_matrix, cov, precision, cholesky, initial = 0) {
  n <- check_size(n, "n")
  given <- c("cov", "precision", "cholesky")[!c(missing(cov), missing(precision), missing(cholesky))]
  if (length(given) != 1L) stop_reparam("Give exactly one of `cov`, `precision` and `cholesky`.")
  d <- check_square(transition_matrix, "transition_matrix")
  noise <- switch(given, cov = cov, precision = precision, cholesky = cholesky)
  if (check_square(noise, given) != d) {
    stop_reparam(sprintf("`%s` must have %d rows, as `transition_matrix` has.", given, d))
  }
  if (given == "cholesky") check_triangular(noise, given) else check_definite(noise, given)
  if (!length(initial) %in% c(1L, d)) {
    stop_reparam(sprintf("`initial` must have length 1 or %d, not %d.", d, length(initial)))
  }
  if (given == "precision") noise <- solve(noise)
  factor <- if (given == "cholesky") noise else t(chol(if (is_traced(noise)) noise else as.matrix(noise)))
  args <- list(
    transition_matrix = transition_matrix, cholesky = factor, initial = rep_len(initial, d), steps = seq_len(n)
  )
  new_event_dist("gaussian_state_space", args, event = if (d == 1L) n else c(n, d))
}

# ---- private ----

hmm_sizes <- function(transition_matrix, observation_matrix) {
  check_dist_argument(transition_matrix, "transition_matrix", "real")
  check_dist_argument(observation_matrix, "observation_matrix", "real")
  shape <- shape_of(transition_matrix)
  if (prod(shape) == 1L) shape <- c(1L, 1L)
  if (!length(shape) %in% 2:3 || shape[length(shape)] != shape[length(shape) - 1L]) {
    stop_reparam("`transition_matrix` must be a square matrix, or an array of such with the step first.")
  }
  d <- shape[length(shape)]
  seen <- shape_of(observation_matrix)
  if (length(seen) == 1L) seen <- c(seen, 1L)
  if (length(seen) > 3L || seen[length(seen) - 1L] != d) {
    stop_reparam(sprintf("`observation_matrix` must have %d rows, as `transition_matrix` has.", d))
  }
  list(
    d = d, p = seen[length(seen)], transition_steps = if (length(shape) == 3L) shape[1],
    observation_steps = if (length(seen) == 3L) seen[1]
  )
}

# Mean and covariance of a normal distribution of k numbers, flat; with `steps`, those of each step, the step first.
gaussian_moments <- function(d, k, name) {
  check_dist(d, name)
  while (d$family %in% c("independent", "expand")) d <- d$base
  if (d$family == "normal") return(normal_moments(d$args$mean, d$args$sd, k, name))
  if (!d$family %in% c("mvn", "mvn_precision", "mvn_cholesky", "mvn_lowrank")) {
    stop_reparam(
      sprintf("`%s` must be a normal distribution (`dist_normal()` or `dist_mvn()`), not `%s`.", name, d$family),
      "`dist_linear_hmm()` takes other noise."
    )
  }
  if (d$event != k) stop_reparam(sprintf("`%s` has %d numbers, but %d are needed.", name, d$event, k))
  cov <- switch(d$family,
    mvn = d$args$cov,
    mvn_precision = solve(d$args$precision),
    mvn_cholesky = d$args$cholesky %*% t(d$args$cholesky),
    mvn_lowrank = d$args$factor %*% t(d$args$factor) + d$args$diagonal * diag(1, k)
  )
  steps <- if (length(d$batch)) d$batch
  mean <- if (is.null(steps)) rep_len(d$args$mean, k) else t(d$args$mean)
  list(mean = mean, cov = cov, steps = steps)
}

normal_moments <- function(mean, sd, k, name) {
  steps <- NULL
  for (x in list(mean, sd)) {
    shape <- shape_of(x)
    if (length(shape) == 2L && shape[2] == k && shape[1] > 1L) steps <- shape[1]
    else if (!prod(shape) %in% c(1L, k)) {
      stop_reparam(sprintf("An argument of `%s` has %s, but %d numbers are needed.", name, elements_text(shape), k))
    }
  }
  if (is.null(steps)) return(list(mean = rep_len(mean, k), cov = rep_len(sd, k)^2 * diag(1, k)))
  each <- function(x) if (length(x) == steps * k) x[seq_len(steps * k)] else rep(rep_len(x, k), each = steps)
  row <- rep(row(diag(k)), each = steps)
  cov <- each(sd)[rep(seq_len(steps), k * k) + steps * (row - 1)]^2 * rep(diag(1, k), each = steps)
  list(mean = each(mean), cov = cov, steps = steps)
}

# The one number of steps that all arguments which change from step to step, and `duration`, agree on.
hmm_duration <- function(duration, steps) {
  if (!is.null(duration)) duration <- check_size(duration, "duration")
  known <- unique(c(duration, steps))
  if (!length(known)) {
    stop_reparam("The duration is unknown.", "Give `duration`, or an argument that changes from step to step.")
  }
  if (length(known) > 1L) {
    text <- c(if (!is.null(duration)) sprintf("`duration` is %d", duration),
              sprintf("`%s` has %d steps", names(steps), steps))
    stop_reparam(paste0("The numbers of steps do not agree: ", paste(text, collapse = ", "), "."))
  }
  as.integer(known)
}

# A noise of k dimensions: how many steps its arguments tell (NULL: any), and the distribution for that many.
# Univariate ones get their elements step by step within each dimension; normal vectors are given by mean and
# covariance.
expand_noise <- function(d, k, steps, name) {
  check_dist(d, name)
  inner <- d
  while (inner$family %in% c("independent", "expand")) inner <- d <- inner$base
  if (grepl("^mvn", inner$family)) {
    moments <- gaussian_moments(inner, k, name)
    mean <- if (is.null(moments$steps)) moments$mean else matrix(moments$mean, ncol = k)
    return(list(steps = moments$steps, dist = function(steps) dist_mvn(mean, moments$cov)))
  }
  if (!is.null(event_shape(d))) {
    stop_reparam(
      sprintf("`%s` must be a distribution of single numbers, or normal vectors, not `%s`.", name, inner$family)
    )
  }
  found <- NULL
  map_dist(d, function(x, argument) {
    shape <- shape_of(x)
    if (length(shape) == 2L && shape[2] == k && shape[1] > 1L) found <<- shape[1]
    else if (!prod(shape) %in% c(1L, k)) {
      stop_reparam(sprintf("An argument of `%s` has %s, but %d numbers are needed.", name, elements_text(shape), k))
    }
    x
  })
  if (!is.null(found) && !is.null(steps)) {
    stop_reparam(sprintf("`%s` is the distribution of one state, not of several.", name))
  }
  list(steps = found, dist = function(steps) {
    map_dist(d, function(x, argument) if (length(x) == k && k > 1L) rep(x, each = steps) else x)
  })
}

# Gaussian models of one output as events of one family, their arguments one after the other.
join_hmms <- function(models) {
  for (d in models) {
    check_dist(d, "base")
    if (d$family != "gaussian_hmm" || length(d$event) != 1L) {
      stop_reparam(sprintf("Every element of `base` must be a `dist_gaussian_hmm()` with one output, not `%s`.",
                           d$family))
    }
  }
  counts <- c("steps", "states", "outputs")
  sizes <- vapply(models, function(d) vapply(d$args[counts], length, 0L), integer(3))
  if (any(sizes != sizes[, 1])) stop_reparam("The models in `base` must have the same duration and number of states.")
  steps <- sizes[1, 1]
  out <- models[[1]]
  for (name in setdiff(names(out$args), counts)) {
    parts <- lapply(models, function(d) as.vector(d$args[[name]]))
    lengths <- lengths(parts)
    size <- min(lengths)
    # What changes from step to step in one model does in all; and where static arguments of all models together could
    # be taken for those of one model's steps.
    varies <- steps > 1L && !name %in% c("initial_mean", "initial_cov") &&
      (any(lengths != size) || length(models) %% steps == 0L)
    base <- if (name %in% c("transition_matrix", "transition_cov")) sizes[2, 1]^2 else if (name == "observation_cov") 1L
    else if (name %in% c("initial_cov")) sizes[2, 1]^2 else if (name == "observation_mean") 1L else sizes[2, 1]
    parts <- lapply(parts, function(x) if (varies && length(x) == base) rep(x, each = steps) else x)
    out$args[[name]] <- do.call(c, parts)
  }
  out
}
