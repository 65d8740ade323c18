#' Diagnose a fit
#'
#' How the sampler fared, where in the posterior its divergences lie, and what to do, as a line of code. `print(fit)`
#' shows the same advice in brief.
#'
#' # What is checked
#'
#' * Divergences: trajectories on which the integrator failed. They gather where the step size is too large for the
#'   posterior, so that the draws miss that part. `divergent_pairs` names the site in whose low or high values they lie,
#'   and the sites that are narrow there.
#' * Tree depth: trajectories that stopped at `max_treedepth`, which cost much and still are short.
#' * E-BFMI of each chain (Betancourt 2016): below 0.3 the energy is explored slowly.
#' * Rank-normalised R-hat and bulk and tail effective sample size of every stored variable (Vehtari et al. 2021), with
#'   posterior's definitions: R-hat should be at most 1.01, both sample sizes at least 100 a chain.
#' * For a diagonal metric that needs deep trees: sites whose coordinates are strongly correlated (`correlated`).
#'
#' @param fit A fit by [fit_nuts()].
#' @return A list of class `reparam_diagnosis` with `divergent` and `saturated` (iterations of each chain), `e_bfmi` (of
#'   each chain), `divergent_pairs` (a data frame: `site`, `end` ("low" or "high"), `share` of the divergences in the
#'   quarter of the draws at that end, `narrow`, the variable that is narrowest there, and `ratio` of its spread
#'   (median absolute deviation) among the divergences to that among all draws), `convergence` (a data frame with a row
#'   for each variable), `correlated` (a list of groups of sites), and `advice` (texts; lines that begin with two spaces
#'   are code).
#' @section Errors:
#' A fit by another method, or without draws.
#' @references
#' Betancourt (2016). Diagnosing Suboptimal Cotangent Disintegrations in Hamiltonian Monte Carlo. arXiv:1604.00695.
#'
#' Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021). Rank-normalization, folding, and localization: an improved
#' R-hat for assessing convergence of MCMC. Bayesian Analysis 16(2).
#' @examples
#' funnel <- model(function() {
#'   v ~ normal(0, 3)
#'   x[1:9] ~ normal(0, exp(v / 2))
#' })
#' fit <- fit_nuts(funnel, reparam = "none", prune = FALSE, chains = 2, seed = 1)
#' diagnose(fit)
#' @export
diagnose <- function(fit) {
  check_fit(fit)
  if (!inherits(fit, "reparam_nuts")) stop_reparam("`diagnose()` takes a fit by `fit_nuts()`.")
  if (fit_size(fit)[1] == 0L) stop_reparam("The fit has no draws yet.", "`fit_nuts(fit)` goes on with it.")
  sampler <- fit$sampler
  x <- as.array(fit)
  diagnostics <- data.frame(variable = as.character(dimnames(x)$variable), convergence(x))
  worst <- worse(list(), diagnostics$variable, diagnostics$rhat, pmin(diagnostics$ess_bulk, diagnostics$ess_tail))
  sampled <- n_coordinates(fit) > 0L
  advice <- nuts_advice(fit, worst)
  structure(list(
    draws = length(sampler$lp),
    divergent = if (sampled) colSums(sampler$divergent) else 0 * colSums(sampler$lp),
    saturated = if (sampled) colSums(sampler$tree_depth >= fit$control$max_treedepth) else 0 * colSums(sampler$lp),
    max_treedepth = fit$control$max_treedepth, e_bfmi = e_bfmi(sampler$energy), divergent_pairs = divergent_pairs(fit),
    convergence = diagnostics, correlated = correlated_sites(fit), advice = advice
  ), class = "reparam_diagnosis")
}

#' @rdname diagnose
#' @param x What `diagnose()` returned.
#' @param ... Must be empty.
#' @export
print.reparam_diagnosis <- function(x, ...) {
  check_no_dots(...)
  by_chain <- function(n) if (sum(n)) sprintf(" (by chain: %s)", paste(n, collapse = ", ")) else ""
  cat(sprintf("Divergences: %.0f of %d%s\n", sum(x$divergent), x$draws, by_chain(x$divergent)))
  pairs <- x$divergent_pairs
  text <- "  %.0f %% of them where `%s` is %s (a quarter of the draws)%s\n"
  narrow <- ifelse(is.na(pairs$narrow), "", sprintf("; there `%s` has %.2g of its spread", pairs$narrow, pairs$ratio))
  cat(sprintf(text, 100 * pairs$share, pairs$site, pairs$end, narrow), sep = "")
  cat(sprintf("Trajectories stopped at max_treedepth = %.0f: %.0f%s\n", x$max_treedepth, sum(x$saturated),
              by_chain(x$saturated)))
  cat(sprintf("E-BFMI by chain: %s\n", paste(formatC(x$e_bfmi, digits = 2L, format = "f"), collapse = ", ")))
  print_worst(x$convergence)
  for (group in x$correlated) cat(sprintf("Strongly correlated: %s\n", quote_names(group)))
  if (length(x$advice)) print_advice(x$advice) else cat("Nothing to mend.\n")
  invisible(x)
}

print_worst <- function(table) {
  if (!nrow(table)) return(invisible())
  largest <- which.max(table$rhat)
  if (length(largest)) {
    cat(sprintf("Largest R-hat: %s of `%s`\n", format_rhat(table$rhat[largest]), table$variable[largest]))
  }
  for (column in c(bulk = "ess_bulk", tail = "ess_tail")) {
    smallest <- which.min(table[[column]])
    if (length(smallest)) {
      cat(sprintf("Smallest %s ESS: %.0f of `%s`\n", sub("ess_", "", column), table[[column]][smallest],
                  table$variable[smallest]))
    }
  }
}

# ---- where divergences lie -------------------------------------------------------------------------------------------

# Sites at whose low or high end they gather, most so first, three at most, each with the variable that is narrowest
# there: of the sites whose distribution depends on it, or of all. The draws of divergent iterations are what is known
# of where they were.
divergent_pairs <- function(fit, limit = 1000L) {
  none <- data.frame(site = character(), end = character(), share = numeric(), narrow = character(), ratio = numeric())
  divergent <- divergent_draws(fit)
  if (sum(divergent) < 5L || mean(divergent) > 0.9) return(none)
  x <- as.array(fit, latent_sites(fit))
  names <- dimnames(x)$variable
  if (!length(names)) return(none)
  x <- matrix(x, length(divergent))
  chosen <- unique(round(seq(1, length(names), length.out = min(length(names), limit))))
  x <- x[, chosen, drop = FALSE]
  names <- names[chosen]
  low <- colMeans(x[divergent, , drop = FALSE] <= rep(quantile_columns(x, 0.25), each = sum(divergent)))
  high <- colMeans(x[divergent, , drop = FALSE] >= rep(quantile_columns(x, 0.75), each = sum(divergent)))
  share <- pmax(low, high)
  # 0.25 by chance; four standard errors beyond it
  gathered <- which(share > 0.25 + 4 * sqrt(0.25 * 0.75 / sum(divergent)) & share >= 0.4)
  gathered <- utils::head(gathered[order(-share[gathered])], 3L)
  if (!length(gathered)) return(none)
  spread <- apply(x[divergent, , drop = FALSE], 2L, stats::mad) / apply(x, 2L, stats::mad)
  parents <- site_parents(fit$spec)
  sites <- site_of_variable(names)
  rows <- lapply(gathered, function(j) {
    children <- names(parents)[vapply(parents, function(of) sites[j] %in% of, NA)]
    others <- which(sites != sites[j] & is.finite(spread))
    if (any(sites[others] %in% children)) others <- others[sites[others] %in% children]
    k <- others[which.min(spread[others])]
    found <- length(k) && (sites[k] %in% children || spread[k] < 0.7)
    data.frame(site = names[j], end = if (low[j] >= high[j]) "low" else "high", share = share[j],
               narrow = if (found) names[k] else NA_character_, ratio = if (found) spread[k] else NA_real_)
  })
  do.call(rbind, rows)
}

site_of_variable <- function(variables) sub("\\[.*", "", variables)

# Sampled sites whose draws are stored.
latent_sites <- function(fit) {
  kinds <- site_field(fit, "kind")
  names <- unique(site_field(fit, "name")[kinds %in% c("latent", "partial", "reparameterized")])
  intersect(intersect(names, random_sites(fit)), names(fit$draws))
}

# ---- which sites a dense metric would help ---------------------------------------------------------------------------

# Groups of sites some of whose coordinates are correlated by more than 0.7, when the metric is diagonal and trees are
# deep; by more than 0.95 when they are only longer than a fitting metric's, since along a ridge they turn too early. Of
# at most `limit` coordinates; more than that are for a low-rank metric.
correlated_sites <- function(fit, limit = 300L) {
  if (!identical(fit$control$metric, "diag") || n_coordinates(fit) < 2L || n_coordinates(fit) > limit) return(list())
  depth <- mean(fit$sampler$tree_depth)
  if (depth < 3) return(list())
  size <- dim(fit$unconstrained)
  x <- matrix(fit$unconstrained, size[1] * size[2])
  varies <- apply(x, 2L, stats::sd) > 0
  strong <- abs(stats::cor(x[, varies, drop = FALSE])) > if (depth < 5) 0.95 else 0.7
  sites <- coordinate_sites(fit)[varies]
  groups <- list()
  left <- unique(sites)
  while (length(left)) {
    group <- left[1]
    repeat {
      joined <- unique(c(group, sites[colSums(strong[sites %in% group, , drop = FALSE]) > 0]))
      if (length(joined) == length(group)) break
      group <- joined
    }
    inside <- which(sites %in% group)
    correlated <- strong[inside, inside, drop = FALSE]
    if (sum(correlated) > length(inside)) groups <- c(groups, list(group))
    left <- setdiff(left, group)
  }
  groups
}

# The user's site that each coordinate belongs to.
coordinate_sites <- function(fit) {
  own <- site_of_variable(fit$unconstrained_names)
  original <- site_field(fit, "original")[match(own, site_field(fit, "name"))]
  ifelse(is.na(original) | !nzchar(original), own, original)
}
