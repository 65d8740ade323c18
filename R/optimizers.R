#' Optimizers for variational inference
#'
#' How [fit_svi()] steps down the gradient of the negative ELBO.
#'
#' * `optim_adam()`: Adam (Kingma and Ba 2015), steps scaled by running means of the gradient and of its square.
#' * `optim_clipped_adam()`: Adam with the gradient clipped to `[-clip, clip]` and a rate that decays.
#' * `optim_rmsprop()`: gradients scaled by a running mean of their squares (Hinton 2012).
#' * `optim_sgd()`: plain gradient descent, with momentum.
#' * `optim_lbfgs()`: L-BFGS (Liu and Nocedal 1989), for the mode: of `guide_delta()` and `guide_laplace()` only, which
#'   need no random numbers.
#' * `optim_adagrad()`: gradients scaled by the sum of their squares so far (Duchi, Hazan and Singer 2011).
#'
#' @param lr Learning rate, positive; or a schedule: a function of the number of the step (a vector, from 1) that gives
#'   the rate of each, such as [schedule_cosine()] makes.
#' @param beta1,beta2 Decay of the running means of the gradient and of its square; at least 0, below 1.
#' @param eps Added to the denominator; positive.
#' @param decay The rate is multiplied by it after each step: after `t` steps it is `lr * decay^t`. Above 0, at most
#'   1; 1 keeps the rate.
#' @param clip Largest absolute value of an element of the gradient; positive.
#' @param momentum Share of the last step that is kept; at least 0, below 1.
#' @return An object of class `reparam_optim`: a list with `kind` and the settings.
#' @section Errors:
#' A setting that is not one number, or lies outside its range.
#' @references
#' Kingma and Ba (2015). Adam: A Method for Stochastic Optimization. ICLR.
#'
#' Duchi, Hazan and Singer (2011). Adaptive Subgradient Methods for Online Learning and Stochastic Optimization.
#' Journal of Machine Learning Research 12.
#' @examples
#' optim_adam(0.01)
#' optim_clipped_adam(0.05, decay = 0.999)
#' @name optimizers
NULL

#' @rdname optimizers
#' @export
optim_adam <- function(lr = 0.01, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decay = 1) {
  new_optim("adam", lr = lr, beta1 = beta1, beta2 = beta2, eps = eps, decay = decay)
}

#' @rdname optimizers
#' @export
optim_clipped_adam <- function(lr = 0.01, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, clip = 10, decay = 1) {
  new_optim("clipped_adam", lr = lr, beta1 = beta1, beta2 = beta2, eps = eps, clip = clip, decay = decay)
}

#' @rdname optimizers
#' @export
optim_rmsprop <- function(lr = 0.01, beta2 = 0.9, eps = 1e-8, decay = 1) {
  new_optim("rmsprop", lr = lr, beta2 = beta2, eps = eps, decay = decay)
}

#' @rdname optimizers
#' @export
optim_sgd <- function(lr = 0.001, momentum = 0, decay = 1) {
  new_optim("sgd", lr = lr, momentum = momentum, decay = decay)
}

#' @rdname optimizers
#' @export
optim_adagrad <- function(lr = 0.1, eps = 1e-8, decay = 1) {
  new_optim("adagrad", lr = lr, eps = eps, decay = decay)
}

#' @rdname optimizers
#' @export
optim_lbfgs <- function() {
  structure(list(kind = "lbfgs"), class = "reparam_optim")
}

#' @rdname optimizers
#' @param x An optimizer.
#' @param ... Ignored.
#' @export
print.reparam_optim <- function(x, ...) {
  settings <- vapply(x[-1], function(value) if (is.function(value)) format_schedule(value) else format(value, digits = 4L), "")
  shown <- if (length(settings)) paste(names(settings), "=", settings, collapse = ", ") else ""
  cat(sprintf("optim_%s(%s)\n", x$kind, shown))
  invisible(x)
}

new_optim <- function(kind, ...) {
  settings <- list(...)
  scheduled <- is.function(settings$lr)
  for (name in setdiff(names(settings), if (scheduled) "lr")) {
    rule <- optim_rules[[name]]
    check_number(settings[[name]], name, rule$holds, rule$text)
  }
  settings <- lapply(settings, function(x) if (is.function(x)) x else as.double(x))
  structure(c(list(kind = kind), settings), class = "reparam_optim")
}

#' Learning-rate schedules
#'
#' Functions of the number of the step, to be given as `lr` of an [optimizer][optimizers]. Any function of your own
#' that takes a vector of step numbers and gives as many positive rates does as well.
#'
#' * `schedule_exponential()`: from `lr` to `final`, by the same factor at every step.
#' * `schedule_cosine()`: half a cosine from `lr` to `final`.
#' * `schedule_linear()`: a straight line from `lr` to `final`.
#' * `schedule_inverse()`: `lr / (1 + step / half)^power`.
#'
#' The first three stay at `final` after `steps` steps. All rise linearly from 0 over the first `warmup` steps.
#'
#' @param lr,final Rates at the start and at the end, positive.
#' @param steps Number of steps from `lr` to `final`.
#' @param warmup Number of steps of linear rise at the start.
#' @param half,power See above; positive.
#' @return A function of a vector of step numbers, of class `reparam_schedule`.
#' @section Errors:
#' Rates that are not positive, numbers of steps that are no whole numbers.
#' @examples
#' schedule_cosine(0.05, steps = 1000)(c(1, 500, 1000))
#' optim_adam(schedule_exponential(0.05, steps = 2000))
#' @name schedules
NULL

#' @rdname schedules
#' @export
schedule_exponential <- function(lr, steps, final = lr / 100, warmup = 0) {
  new_schedule("exponential", lr, steps, final, warmup, function(share) lr * (final / lr)^share)
}

#' @rdname schedules
#' @export
schedule_cosine <- function(lr, steps, final = lr / 100, warmup = 0) {
  new_schedule("cosine", lr, steps, final, warmup, function(share) {
    final + (lr - final) * (1 + cos(pi * share)) / 2
  })
}

#' @rdname schedules
#' @export
schedule_linear <- function(lr, steps, final = lr / 100, warmup = 0) {
  new_schedule("linear", lr, steps, final, warmup, function(share) lr + (final - lr) * share)
}

#' @rdname schedules
#' @export
schedule_inverse <- function(lr, half = 1000, power = 1, warmup = 0) {
  check_number(half, "half", function(x) x > 0, "positive")
  check_number(power, "power", function(x) x > 0, "positive")
  check_number(lr, "lr", function(x) x > 0, "positive")
  warmup <- check_whole(warmup, "warmup")
  as_schedule(function(step) pmin(1, step / (warmup + 1)) * lr / (1 + step / half)^power, "inverse",
              list(lr = lr, half = half, power = power, warmup = warmup))
}

#' @rdname schedules
#' @param x A schedule.
#' @param ... Ignored.
#' @export
print.reparam_schedule <- function(x, ...) {
  cat(format_schedule(x), "\n", sep = "")
  invisible(x)
}

new_schedule <- function(kind, lr, steps, final, warmup, rate) {
  check_number(lr, "lr", function(x) x > 0, "positive")
  check_number(final, "final", function(x) x > 0, "positive")
  steps <- check_whole(steps, "steps", 1)
  warmup <- check_whole(warmup, "warmup")
  as_schedule(function(step) pmin(1, step / (warmup + 1)) * rate(pmin(1, (step - 1) / max(1, steps - 1))), kind,
              list(lr = lr, steps = steps, final = final, warmup = warmup))
}

as_schedule <- function(rates, kind, settings) {
  shown <- paste(names(settings), "=", vapply(settings, format, "", digits = 4L), collapse = ", ")
  structure(rates, text = sprintf("schedule_%s(%s)", kind, shown), class = "reparam_schedule")
}

format_schedule <- function(x) if (is.null(attr(x, "text"))) "a schedule" else attr(x, "text")

schedule_rates <- function(schedule, steps) {
  rates <- schedule(seq_len(steps))
  if (!is.numeric(rates) || length(rates) != steps || !all(is.finite(rates)) || any(rates <= 0)) {
    stop_reparam("A schedule must give one positive rate for each of the steps that it is called with.",
                 "For example `function(step) 0.05 / sqrt(step)`.")
  }
  as.double(rates)
}

optim_rules <- local({
  positive <- list(holds = function(x) x > 0, text = "positive")
  share <- list(holds = function(x) x >= 0 && x < 1, text = "at least 0 and below 1")
  list(
    lr = positive, eps = positive, clip = positive, beta1 = share, beta2 = share, momentum = share,
    decay = list(holds = function(x) x > 0 && x <= 1, text = "above 0 and at most 1")
  )
})
