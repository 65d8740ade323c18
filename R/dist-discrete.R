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
#' `P(x) = choose(size, x) * prob^x * (1 - prob)^(size - x)` for `x = 0, ..., size`, with `prob = 1 / (1 +
#' exp(-logits))` when the log odds are given.
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

#' Zero-inflated Poisson distribution
#'
#' 0 with probability `zero_prob`, otherwise Poisson: `P(0) = zero_prob + (1 - zero_prob) * exp(-lambda)`, and `P(x) =
#' (1 - zero_prob) * lambda^x * exp(-lambda) / x!` for `x = 1, 2, ...`.
#'
#' @param lambda Mean of the Poisson part; 0 or more.
#' @param zero_prob Probability of an extra zero; between 0 and 1.
#' @return An object of class `reparam_dist`. Mean `(1 - zero_prob) * lambda`.
#' @inheritSection dist_normal Errors
#' @references Lambert (1992). Zero-inflated Poisson regression. Technometrics 34.
#' @seealso [distributions], [dist_poisson()]
#' @examples
#' dist_zero_inflated_poisson(4, 0.2)
#' @export
dist_zero_inflated_poisson <- function(lambda, zero_prob) {
  new_dist(
    "zero_inflated_poisson", list(lambda = lambda, zero_prob = zero_prob),
      list(lambda = "nonnegative", zero_prob = "unit")
  )
}

#' Negative binomial distribution
#'
#' Failures before `size` successes: \eqn{P(x) = \Gamma(x + r) / (\Gamma(r) x!) p^r (1 - p)^x}{P(x) = Gamma(x + size) /
#' (Gamma(size) x!) prob^size (1 - prob)^x} for `x = 0, 1, 2, ...`. With the mean `mu`, `prob = size / (size + mu)`.
#'
#' @param size Number of successes, or dispersion: the smaller, the more spread; positive.
#' @param prob Probability of success; between 0 and 1.
#' @param mu Mean; 0 or more. Give either `prob` or `mu`.
#' @return An object of class `reparam_dist`. Mean `mu = size * (1 - prob) / prob`, variance `mu + mu^2 / size`.
#' @section Errors:
#' Both or none of `prob` and `mu`; an argument that is not numeric, is empty, or lies outside its range.
#' @references Johnson, Kemp and Kotz (2005). Univariate Discrete Distributions, 3rd edition, chapter 5.
#' @seealso [distributions], [dist_poisson()], [dist_geometric()]
#' @examples
#' dist_neg_binomial(2, 0.4)
#' dist_neg_binomial(2, mu = 3)
#' @export
dist_neg_binomial <- function(size, prob, mu) {
  switch(one_given(missing(prob), missing(mu), "prob", "mu"),
    prob = new_dist("neg_binomial", list(size = size, prob = prob), list(size = "positive", prob = "unit")),
    mu = new_dist("neg_binomial_2", list(mu = mu, size = size), list(mu = "nonnegative", size = "positive"))
  )
}

#' Geometric distribution
#'
#' Failures before the first success: `P(x) = prob * (1 - prob)^x` for `x = 0, 1, 2, ...`.
#'
#' @param prob Probability of success; between 0 and 1.
#' @return An object of class `reparam_dist`. Mean `(1 - prob) / prob`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kemp and Kotz (2005). Univariate Discrete Distributions, 3rd edition, chapter 5.
#' @seealso [distributions], [dist_neg_binomial()]
#' @examples
#' dist_geometric(0.3)
#' @export
dist_geometric <- function(prob) {
  new_dist("geometric", list(prob = prob), list(prob = "unit"))
}

#' Beta-binomial distribution
#'
#' A binomial whose probability is beta: `P(x) = choose(size, x) * beta(x + shape1, size - x + shape2) / beta(shape1,
#' shape2)` for `x = 0, ..., size`.
#'
#' @param size Number of trials; a whole number, 0 or more.
#' @param shape1,shape2 Shapes of the beta; positive.
#' @return An object of class `reparam_dist`. Mean `size * shape1 / (shape1 + shape2)`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kemp and Kotz (2005). Univariate Discrete Distributions, 3rd edition, section 6.2.
#' @seealso [distributions], [dist_binomial()], [dist_beta()]
#' @examples
#' dist_beta_binomial(10, 2, 3)
#' @export
dist_beta_binomial <- function(size, shape1, shape2) {
  new_dist(
    "beta_binomial", list(size = size, shape1 = shape1, shape2 = shape2),
    list(size = "count", shape1 = "positive", shape2 = "positive")
  )
}

#' Hypergeometric distribution
#'
#' White balls among `k` drawn without replacement: `P(x) = choose(m, x) * choose(n, k - x) / choose(m + n, k)` for
#' `x = max(0, k - n), ..., min(k, m)`.
#'
#' @param m,n Numbers of white and of black balls; whole numbers, 0 or more.
#' @param k Number of balls drawn; a whole number, at most `m + n`.
#' @return An object of class `reparam_dist`. Mean `k * m / (m + n)`.
#' @section Errors:
#' An argument that is not numeric, is empty, or is no whole number; `k` above `m + n`.
#' @references Johnson, Kemp and Kotz (2005). Univariate Discrete Distributions, 3rd edition, chapter 6.
#' @seealso [distributions], [dist_binomial()]
#' @examples
#' dist_hypergeometric(10, 7, 8)
#' @export
dist_hypergeometric <- function(m, n, k) {
  d <- new_dist("hypergeometric", list(m = m, n = n, k = k), list(m = "count", n = "count", k = "count"))
  if (!is_traced(m) && !is_traced(n) && !is_traced(k) && any(k > m + n)) {
    stop_reparam("`k` must be at most `m + n`: no more balls can be drawn than there are.")
  }
  d
}

#' Categorical distribution
#'
#' `P(x) = prob[x] / sum(prob)` for `x = 1, ..., k`, numbered from 1 as in R's factors; with log weights, `prob =
#' exp(logits)`.
#'
#' @param prob Weights of the categories; 0 or more, not all 0. A matrix has a row of weights for each element of the
#'   site.
#' @param logits Log weights, finite, in the same shapes. Give either `prob` or `logits`.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' Both or none of `prob` and `logits`; an argument that is not numeric, is empty, or lies outside its range.
#' @references Johnson, Kemp and Kotz (2005). Univariate Discrete Distributions, 3rd edition, section 11.9.
#' @seealso [distributions], [dist_ordered_logistic()], [dist_multinomial()]
#' @examples
#' dist_categorical(c(0.2, 0.3, 0.5))
#' dist_categorical(logits = c(0, 1, -1))
#' @export
dist_categorical <- function(prob, logits) {
  switch(one_given(missing(prob), missing(logits), "prob", "logits"),
    prob = new_rows_dist("categorical", "prob", prob, "nonnegative", event = integer()),
    logits = new_rows_dist("categorical_logit", "logits", logits, "real", event = integer())
  )
}

#' Ordered logistic distribution
#'
#' Ordinal categories `x = 1, ..., k` cut from a logistic variable around `eta`:
#' `P(x = j) = plogis(cutpoints[j] - eta) - plogis(cutpoints[j - 1] - eta)`, with `cutpoints[0] = -Inf` and
#' `cutpoints[k] = Inf`.
#'
#' @param eta Linear predictor; finite; one value, or one for each element of the site.
#' @param cutpoints `k - 1` increasing numbers.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' An argument that is not numeric, is empty or not finite; cutpoints that do not increase.
#' @references McCullagh (1980). Regression models for ordinal data. Journal of the Royal Statistical Society B 42.
#' @seealso [distributions], [dist_categorical()]
#' @examples
#' dist_ordered_logistic(0.3, c(-1, 0.5, 2))
#' @export
dist_ordered_logistic <- function(eta, cutpoints) {
  if (!is_traced(cutpoints) && is.numeric(cutpoints) && is.unsorted(cutpoints, strictly = TRUE)) {
    stop_reparam("`cutpoints` must increase.")
  }
  new_event_dist("ordered_logistic", list(eta = eta, cutpoints = cutpoints), batch = shape_of(eta), event = integer())
}

#' Multinomial distribution
#'
#' Counts of `size` independent categories: `P(x) = size! / prod(x!) * prod(prob^x)` for whole `x` with `sum(x) = size`.
#' `prob` is normalised.
#'
#' @param size Number of trials; a whole number, 0 or more.
#' @param prob Weights of the categories; 0 or more, not all 0. A matrix has a row of weights for each event.
#' @return An object of class `reparam_dist`. Mean `size * prob / sum(prob)`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1997). Discrete Multivariate Distributions, chapter 35.
#' @seealso [distributions], [dist_categorical()], [dist_binomial()]
#' @examples
#' dist_multinomial(5, c(0.2, 0.3, 0.5))
#' @export
dist_multinomial <- function(size, prob) {
  new_rows_dist("multinomial", "prob", prob, "nonnegative", others = list(size = size),
    constraints = list(size = "count"))
}
