#' Gaussian hidden Markov model
#'
#' A series of outputs of a linear Gaussian state-space model, its states integrated out by the Kalman filter. States
#' are row vectors of length `d`, outputs of length `p`: `z[0] ~ initial`, `z[t] = z[t - 1] %*% transition_matrix +
#' transition noise` and `y[t] = z[t] %*% observation_matrix + observation noise` for `t = 1, ..., duration`. The first
#' transition comes before the first output, as in Pyro. Cost and memory grow in proportion to `duration`.
#'
#' A value has one row for each step and one column for each output; with one output, a vector does as well. `NA` in the data
#' means not observed: the filter passes over it, and the missing outputs are drawn given the others. The states are no part of the
#' posterior that is sampled; they are drawn from their distribution given the outputs (smoothed) into the auxiliary site
#' `y_state`, which `fit_nuts(keep = c(..., "y_state"))` keeps and [draws()] gives.
#'
#' Matrices and means may change from step to step: a mean is then a matrix with one row for each step, a matrix an array
#' whose first extent is the step, and a [dist_normal()] has arguments that are matrices with one row for each step.
#'
#' @param initial Distribution of the state before the first step: [dist_normal()] or any form of [dist_mvn()].
#' @param transition_matrix A `d` x `d` matrix, by which a row vector is multiplied from the right; or an array, steps first.
#' @param transition Distribution of the noise of a transition, of the same kinds.
#' @param observation_matrix A `d` x `p` matrix (a vector: `p = 1`); or an array, steps first.
#' @param observation Distribution of the noise of the outputs.
#' @param duration Number of steps; needed unless an argument changes from step to step.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' Sizes that do not fit; a noise that is not normal (see [dist_linear_hmm()]); an unknown duration.
#' @references Durbin and Koopman (2012). Time Series Analysis by State Space Methods, 2nd edition, chapters 4 and 6. Durbin
#'   and Koopman (2002). A simple and efficient simulation smoother. Biometrika 89, for the draws.
#' @seealso [dist_linear_hmm()], [dist_independent_hmm()], [dist_gaussian_state_space()]
#' @examples
#' # A level that wanders, seen with noise; two values are missing.
#' m <- model(function(y) {
#'   step ~ half_normal(1)
#'   y ~ gaussian_hmm(dist_normal(0, 10), 1, dist_normal(0, step), 1, dist_normal(0, 0.5), duration = 6)
#' })
#' fit <- fit_nuts(m, list(y = c(1.2, 1.1, NA, 2.3, NA, 2.9)), chains = 2, keep = c("step", "y", "y_state"), seed = 1)
#' apply(draws(fit, "y_state"), 3, mean)
#' @export
dist_gaussian_hmm <- function(initial, transition_matrix, transition, observation_matrix, observation, duration = NULL) {
  sizes <- hmm_sizes(transition_matrix, observation_matrix)
  noises <- list(
    initial = gaussian_moments(initial, sizes$d, "initial"), transition = gaussian_moments(transition, sizes$d, "transition"),
    observation = gaussian_moments(observation, sizes$p, "observation")
  )
  if (!is.null(noises$initial$steps)) stop_reparam("`initial` is the distribution of one state, not of several.")
  steps <- hmm_duration(duration, c(
    transition_matrix = sizes$transition_steps, observation_matrix = sizes$observation_steps,
    transition = noises$transition$steps, observation = noises$observation$steps
  ))
  args <- list(
    initial_mean = noises$initial$mean, initial_cov = noises$initial$cov, transition_matrix = transition_matrix,
    transition_mean = noises$transition$mean, transition_cov = noises$transition$cov, observation_matrix = observation_matrix,
    observation_mean = noises$observation$mean, observation_cov = noises$observation$cov,
    steps = seq_len(steps), states = seq_len(sizes$d), outputs = seq_len(sizes$p)
  )
  new_event_dist("gaussian_hmm", args, event = if (sizes$p == 1L) steps else c(steps, sizes$p))
}

#' Gaussian state-space model
#'
#' A series of states with `z[t] = transition_matrix %*% z[t - 1] + noise` for `t = 1, ..., n`, from `z[0] = initial`, the noise
#' being normal with mean 0: as NumPyro's `GaussianStateSpace`. States are column vectors here; a value has one row for each
#' step. A series may be observed in part.
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
  if (check_square(noise, given) != d) stop_reparam(sprintf("`%s` must have %d rows, as `transition_matrix` has.", given, d))
  if (given == "cholesky") check_triangular(noise, given) else check_definite(noise, given)
  if (!length(initial) %in% c(1L, d)) stop_reparam(sprintf("`initial` must have length 1 or %d, not %d.", d, length(initial)))
  if (given == "precision") noise <- solve(noise)
  factor <- if (given == "cholesky") noise else t(chol(if (is_traced(noise)) noise else as.matrix(noise)))
  args <- list(transition_matrix = transition_matrix, cholesky = factor, initial = rep_len(initial, d), steps = seq_len(n))
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
    text <- c(if (!is.null(duration)) sprintf("`duration` is %d", duration), sprintf("`%s` has %d steps", names(steps), steps))
    stop_reparam(paste0("The numbers of steps do not agree: ", paste(text, collapse = ", "), "."))
  }
  as.integer(known)
}
