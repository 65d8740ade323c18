#' Reparameterize a relaxed one-hot categorical by uniform noise
#'
#' A site `x ~ relaxed_onehot_categorical(temperature, logits = l)` is computed from independent uniform numbers: `x =
#' softmax((l - log(-log(x_uniform))) / temperature)`, the Gumbel-softmax trick. The distribution is exactly the same;
#' the sampler no longer meets the corners of the simplex, where the density of `x` at low temperatures has its peaks.
#'
#' Auxiliary site: `x_uniform`, one number per category of each event. Observed sites are left alone: their density is
#' known. A starting value of `x` is inverted (up to a constant that does not matter).
#'
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: The site is not `relaxed_onehot_categorical()`.
#' @references Maddison, Mnih and Teh (2017). The Concrete distribution. Jang, Gu and Poole (2017). Categorical
#'   reparameterization with Gumbel-softmax. Both ICLR.
#' @examples
#' m <- model(function(y) {
#'   z ~ relaxed_onehot_categorical(0.5, logits = c(0.2, -0.5, 1))
#'   y ~ normal(sum(z * c(-1, 0, 1)), 0.5)
#' })
#' reparam_map(m |> reparam(z = reparam_gumbel_softmax()), list(y = 0.7))
#' @export
reparam_gumbel_softmax <- function() {
  new_reparameterizer("gumbel_softmax")
}
