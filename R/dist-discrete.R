#' Bernoulli distribution
#'
#' `P(1) = prob`, `P(0) = 1 - prob`, with `prob = 1 / (1 + exp(-logits))` when the log odds are given.
#'
#' @param prob Probability of 1; between 0 and 1.
#' @param logits Log odds of 1; finite. Give either `prob` or `logits`.
#' @return An object of class `reparam_dist`. Mean `prob`, variance `prob * (1 - prob)`.
#' @section Errors:
#' Both or none of `prob` and `logits`; an argument that is not numeric, is empty, or lies outside its range.
#' @references Johnson, Kemp and Kotz (2005). Univariate Discrete Distributions, 3rd edition, chapter 3.
#' @seealso [distributions], [dist_binomial()]
#' @examples
#' dist_bernoulli(0.3)
#' dist_bernoulli(logits = -1)
#' @export
dist_bernoulli <- function(prob, logits) {
  switch(one_given(missing(prob), missing(logits), "prob", "logits"),
    prob = new_dist("bernoulli", list(prob = prob), list(prob = "unit")),
    logits = new_dist("bernoulli_logit", list(logits = logits))
  )
}

#' Binomial distribution
#'
#' `P(x) = choose(size, x) * prob^x * (1 - prob)^(size - x)` for `x = 0, ..., size`, with `prob = 1 / (1 + exp(-logits))`
#' when the log odds are given.
#'
#' @param size Number of trials; a whole number, 0 or more.
#' @inheritParams dist_bernoulli
#' @param prob Probability of success in a trial; between 0 and 1.
#' @return An object of class `reparam_dist`. Mean `size * prob`, variance `size * prob * (1 - prob)`.
#' @inheritSection dist_bernoulli Errors
#' @references Johnson, Kemp and Kotz (2005). Univariate Discrete Distributions, 3rd edition, chapter 3.
#' @seealso [distributions], [dist_beta_binomial()]
#' @examples
#' dist_binomial(10, 0.3)
#' @export
dist_binomial <- function(size, prob, logits) {
  switch(one_given(missing(prob), missing(logits), "prob", "logits"),
    prob = new_dist("binomial", list(size = size, prob = prob), list(size = "count", prob = "unit")),
    logits = new_dist("binomial_logit", list(size = size, logits = logits), list(size = "count"))
  )
}

#' Poisson distribution
#'
#' `P(x) = lambda^x * exp(-lambda) / x!` for `x = 0, 1, 2, ...`.
#'
#' @param lambda Mean; 0 or more.
#' @return An object of class `reparam_dist`. Mean and variance `lambda`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kemp and Kotz (2005). Univariate Discrete Distributions, 3rd edition, chapter 4.
#' @seealso [distributions], [dist_neg_binomial()], [dist_zero_inflated_poisson()]
#' @examples
#' dist_poisson(4)
#' @export
dist_poisson <- function(lambda) {
  new_dist("poisson", list(lambda = lambda), list(lambda = "nonnegative"))
}
