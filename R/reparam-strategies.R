#' Strategies: which sites to reparameterize, and how
#'
#' A strategy looks at every site once and chooses its reparameterizer. Give one to [reparam()], as the object or by
#' name (`"auto"`, `"minimal"`, `"none"`).
#'
#' * `reparam_minimal()` changes only sites that cannot be sampled as they stand.
#' * `reparam_auto()` goes further, for latent sites: a family that is a transformed simpler one (the lognormal, say) is
#'   sampled through its base, and location-scale families are decentered to the degree `centered`.
#' * `"none"` leaves every site as it is.
#'
#' @inheritParams reparam_loc_scale
#' @return A strategy, for use in [reparam()].
#' @examples
#' m <- model(function(y) {
#'   k ~ lognormal(0, 1)
#'   y ~ normal(k, 1)
#' })
#' reparam(m, reparam_auto(centered = 0))
#' reparam(m, "minimal")
#' @name reparam_strategies
NULL

#' @rdname reparam_strategies
#' @export
reparam_auto <- function(centered = NULL) {
  check_centered(centered)
  new_reparameterizer("strategy", name = "auto", centered = if (!is.null(centered)) as.double(centered))
}

#' @rdname reparam_strategies
#' @export
reparam_minimal <- function() {
  new_reparameterizer("strategy", name = "minimal")
}

strategy_by_name <- function(name) {
  switch(name,
    auto = reparam_auto(),
    minimal = reparam_minimal(),
    none = new_reparameterizer("strategy", name = "none"),
    stop_reparam(
      sprintf("There is no strategy \"%s\".", name),
      "Use \"auto\", \"minimal\" or \"none\", or a strategy such as `reparam_auto(centered = 0)`."
    )
  )
}
