#' Optimizers for variational inference
#'
#' How [fit_svi()] steps down the gradient of the negative ELBO.
#'
#' * `optim_adam()`: Adam (Kingma and Ba 2015), steps scaled by running means of the gradient and of its square.
#' * `optim_clipped_adam()`: Adam with the gradient clipped to `[-clip, clip]` and a rate that decays.
#' * `optim_rmsprop()`: gradients scaled by a running mean of their squares (Hinton 2012).
#' * `optim_sgd()`: plain gradient descent, with momentum.
#' * `optim_adagrad()`: gradients scaled by the sum of their squares so far (Duchi, Hazan and Singer 2011).
#'
#' @param lr Learning rate, positive.
#' @param beta1,beta2 Decay of the running means of the gradient and of its square; at least 0, below 1.
#' @param eps Added to the denominator; positive.
#' @param decay The rate is multiplied by it after each step: after `t` steps it is `lr * decay^t`. Above 0, at most 1; 1
#'   keeps the rate.
#' @param clip Largest absolute value of an element of the gradient; positive.
#' @param momentum Share of the last step that is kept; at least 0, below 1.
#' @return An object of class `reparam_optim`: a list with `kind` and the settings.
#' @section Errors:
#' A setting that is not one number, or lies outside its range.
#' @references
#' Kingma and Ba (2015). Adam: A Method for Stochastic Optimization. ICLR.
#'
#' Duchi, Hazan and Singer (2011). Adaptive Subgradient Methods for Online Learning and Stochastic Optimization. Journal of
#' Machine Learning Research 12.
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
#' @param x An optimizer.
#' @param ... Ignored.
#' @export
print.reparam_optim <- function(x, ...) {
  settings <- unlist(x[-1])
  cat(sprintf("optim_%s(%s)\n", x$kind, paste(names(settings), "=", format_each(settings), collapse = ", ")))
  invisible(x)
}

new_optim <- function(kind, ...) {
  settings <- list(...)
  for (name in names(settings)) {
    rule <- optim_rules[[name]]
    check_number(settings[[name]], name, rule$holds, rule$text)
  }
  structure(c(list(kind = kind), lapply(settings, as.double)), class = "reparam_optim")
}

optim_rules <- local({
  positive <- list(holds = function(x) x > 0, text = "positive")
  share <- list(holds = function(x) x >= 0 && x < 1, text = "at least 0 and below 1")
  list(
    lr = positive, eps = positive, clip = positive, beta1 = share, beta2 = share, momentum = share,
    decay = list(holds = function(x) x > 0 && x <= 1, text = "above 0 and at most 1")
  )
})
