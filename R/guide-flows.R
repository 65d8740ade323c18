#' Guides that bend: normalizing flows
#'
#' Guides for posteriors that no normal distribution resembles, such as funnels and bananas: standard normal noise is
#' pushed through invertible maps whose coefficients are given by small neural networks, learned along with everything
#' else. The map of a fitted one also makes a sampler's job easier, see [reparam_neutra()].
#'
#' With noise `x` of as many elements as the guide covers, the guide is `location + scale * T(x)`, where `T` is made of
#' `num_flows` maps one after the other:
#'
#' * `guide_iaf()`, an inverse autoregressive flow: `y[i] = x[i] * exp(s[i]) + m[i]`, where `s[i]` and `m[i]` depend on
#'   `x[1]` to `x[i - 1]`. The order of the elements is turned round from one map to the next. Drawing is quick, and the
#'   density of a draw is known from its noise.
#' * `guide_coupling()`, a coupling flow: one half of the elements stays as it is, the other becomes `S(x) * exp(s) +
#'   m`, where the increasing rational-quadratic spline `S` (on `[-5, 5]`, the identity beyond), `s` and `m` depend on
#'   the first half. The halves take turns and change: first and second, then the odd and the even quarters, and so on,
#'   until every two elements have been in different halves. The inverse is as quick as the map.
#'
#' The networks have `layers` hidden layers of `hidden` units with tanh, and a linear map from their inputs straight to
#' the outputs, so that a multivariate normal and a funnel are members of the family, nearly. Log scales `s` are kept
#' within 8 of 0, and what enters the networks of the coupling flow within 5. Both guides start as independent normals.
#' There is no closed form for their moments: summaries are those of draws.
#'
#' The gradient that [fit_svi()] takes near convergence (the path derivative) needs, for `guide_iaf()`, the Jacobian
#' matrix of each map, and is left out with more than 200 elements.
#'
#' @inheritParams guides
#' @param num_flows Maps one after the other. NULL, for `guide_coupling()` with `n` elements: `2 * ceiling(log2(n))`,
#'   which is as many as it takes for all halves, at least 4.
#' @param hidden Units of each hidden layer; NULL: the number of coordinates, at least 8.
#' @param layers Hidden layers of each network.
#' @param bins Pieces of each spline.
#' @return An object of class `reparam_guide`, for use in [fit_svi()] and [guide_list()].
#' @section How near they come:
#' The ELBO minus the log evidence, which is minus the divergence from the posterior, after `steps = "auto"`: median of
#' five seeds, and the worst. In parentheses the largest Pareto k of 1000 draws. `tools/bench-guides.R` makes the table.
#'
#' |                          | normal     | mvn        | iaf                 | coupling            |
#' |--------------------------|-----------:|-----------:|--------------------:|--------------------:|
#' | funnel, 10 dimensions    | -1.87      | -1.90      | -0.01, -0.02 (0.60) | -0.03, -0.04 (0.71) |
#' | banana, `b ~ normal(a^2, 0.1)` | -1.28 | -1.28     | -0.05, -0.11 (2.01) | -0.03, -0.09 (0.74) |
#' | two modes                | -0.97      | -0.92      | -0.01, -0.02 (0.74) | -0.03, -0.04 (0.81) |
#' | eight schools, centered  | -2.09      | -1.29      | -0.10, -0.15 (0.81) | -0.11, -0.12 (0.90) |
#' | catalyst                 | -0.20      | -0.09      | -0.01, -0.02 (0.99) | -0.01, -0.01 (1.00) |
#'
#' A small divergence does not make a small Pareto k: the tails of the guide may be too light. More steps help.
#'
#' @section Errors: Numbers that are not whole and positive; names of sites that are no text.
#' @references Kingma, Salimans, Jozefowicz, Chen, Sutskever and Welling (2016). Improving Variational Inference with
#' Inverse Autoregressive Flow. Advances in Neural Information Processing Systems 29.
#'
#' Durkan, Bekasov, Murray and Papamakarios (2019). Neural Spline Flows. Advances in Neural Information Processing
#' Systems 32.
#'
#' Germain, Gregor, Murray and Larochelle (2015). MADE: Masked Autoencoder for Distribution Estimation. ICML.
#' @examples
#' banana <- model(function() {
#'   a ~ normal(0, 1)
#'   b ~ normal(a^2, 0.3)
#' })
#' guide <- guide_iaf(num_flows = 2, hidden = 8)
#' flow <- fit_svi(banana, guide = guide, steps = 3000, prune = FALSE, seed = 1)
#' flow$khat
#' @export
guide_iaf <- function(..., num_flows = 3, hidden = NULL, layers = 2, init_scale = 0.1) {
  flow_guide("iaf", guide_sites(...), init_scale, num_flows, hidden, layers)
}

#' @rdname guide_iaf
#' @export
guide_coupling <- function(..., num_flows = NULL, hidden = NULL, layers = 2, bins = 4, init_scale = 0.1) {
  bins <- check_whole(bins, "bins", 1, 1000)
  flow_guide("coupling", guide_sites(...), init_scale, num_flows, hidden, layers, bins = bins)
}

flow_guide <- function(kind, sites, init_scale, num_flows, hidden, layers, ...) {
  new_guide(
    kind, sites, init_scale,
    num_flows = if (!is.null(num_flows)) check_whole(num_flows, "num_flows", 1, 1000),
    hidden = if (!is.null(hidden)) check_whole(hidden, "hidden", 1, 1e5),
    layers = check_whole(layers, "layers", 1, 100), ...
  )
}
