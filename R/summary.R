#' Summarise and print a fit
#'
#' `summary()` gives a row for each variable. `print()` shows the scalar sites, a line for each array, how the
#' sampler fared, and, when something is wrong, what, with a line of code that should mend it.
#'
#' @param object,x A fit by [fit_nuts()] or [fit_svi()].
#' @param sites Names of sites; NULL: all that are stored.
#' @param probs Probabilities of quantiles, between 0 and 1.
#' @param aux TRUE adds auxiliary sites.
#' @param digits Significant digits.
#' @param ... Must be empty.
#' @return `summary()`: a data frame of class `reparam_summary` with columns `variable`, `mean`, `sd`, a quantile a
#'   column (`q5`, `q50`, ...), `mcse_mean`, and for NUTS `rhat` (rank-normalised split R-hat), `ess_bulk`,
#'   `ess_tail`, as defined by Vehtari et al. (2021) and computed by the posterior package; NA for a variable that
#'   does not vary. `print()` returns its argument.
#'
#'   Of a fit by SVI whose guide has normal margins (all but flows), the quantiles of a drawn site that is a function of
#'   one coordinate are exact; those of other variables, and all means and sds, come from the draws.
#' @section Errors:
#' Names that no site has, `probs` outside of 0 to 1, a fit without draws (one that was interrupted in warm-up).
#' @references Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021). Rank-normalization, folding, and localization:
#'   an improved R-hat for assessing convergence of MCMC. Bayesian Analysis 16(2).
#' @examples
#' coin <- model(function(y) {
#'   p ~ beta(1, 1)
#'   y ~ bernoulli(rep(p, 5))
#' })
#' fit <- fit_nuts(coin, list(y = c(1, 1, 0, 1, 1)), chains = 2, seed = 1)
#' summary(fit, probs = c(0.1, 0.9))
#' fit
#' @export
summary.reparam_fit <- function(object, sites = NULL, probs = c(0.05, 0.5, 0.95), aux = FALSE, ...) {
  check_no_dots(...)
  check_probs(probs)
  if (fit_size(object)[1] == 0L) stop_reparam("The fit has no draws yet.", "`fit_nuts(fit)` goes on with it.")
  x <- as.array(object, sites, aux)
  table <- data.frame(variable = as.character(dimnames(x)$variable))
  size <- dim(x)
  table$mean <- colMeans(x, dims = 2L)
  table$sd <- sd_columns(x)
  quantiles <- quantile_columns(matrix(x, size[1] * size[2]), probs)
  if (inherits(object, "reparam_svi")) {
    quantiles <- exact_where_known(object, choose_sites(object, sites, aux), probs, quantiles)
  }
  table[paste0("q", format_each(100 * probs))] <- as.data.frame(matrix(quantiles, size[3]))
  if (inherits(object, "reparam_nuts")) {
    table <- cbind(table, convergence(x)[, c("mcse_mean", "rhat", "ess_bulk", "ess_tail"), drop = FALSE])
  } else if (inherits(object, "reparam_predictive")) {
    table$mcse_mean <- mcse_mean(x)
  } else {
    # Draws from a guide or from the prior are independent.
    table$mcse_mean <- table$sd / sqrt(size[1] * size[2])
  }
  class(table) <- c("reparam_summary", "data.frame")
  table
}

check_probs <- function(probs) {
  if (!is.numeric(probs) || !length(probs) || anyNA(probs) || any(probs < 0 | probs > 1)) {
    stop_reparam("`probs` must be numbers between 0 and 1.")
  }
}

#' @rdname summary.reparam_fit
#' @export
print.reparam_summary <- function(x, digits = 3, ...) {
  shown <- format_table(as.data.frame(unclass(x), optional = TRUE), digits)
  print(shown, row.names = FALSE, right = TRUE)
  invisible(x)
}

#' @rdname summary.reparam_fit
#' @export
print.reparam_nuts <- function(x, digits = 3, ...) {
  size <- fit_size(x)
  if (size[1] == 0L) {
    text <- "NUTS: no draws yet, interrupted after %.0f of %.0f iterations; fit_nuts(fit) goes on.\n"
    cat(sprintf(text, max(x$iterations), x$control$iter_warmup + x$control$iter_sampling))
    return(invisible(x))
  }
  cat(sprintf(
    "NUTS: %s x %s after %.0f of warm-up, %s, seed %s\n", count(size[2], "chain"), count(size[1], "draw"),
    x$control$iter_warmup, count(n_coordinates(x), "coordinate"), format(x$control$seed, digits = 16)
  ))
  worst <- print_sites(x, digits)
  print_drawn_afterwards(x)
  print_centering(x)
  print_sampler(x)
  print_advice(nuts_advice(x, worst))
  invisible(x)
}

#' @rdname summary.reparam_fit
#' @export
print.reparam_svi <- function(x, digits = 3, ...) {
  loss <- loss_summary(x$loss)
  cat(sprintf("SVI: %s, %s, %s, seed %s\n", format_guide(x$control$guide), x$control$optim$kind,
              count(length(x$loss), "step"), format(x$control$seed, digits = 16)))
  cat(sprintf("first loss %s, average of the last 5 %% %s\n", format(loss[["first"]], digits = 5),
              format(loss[["last"]], digits = 5)))
  if (!anyNA(x$elbo)) {
    cat(sprintf("ELBO %s (Monte Carlo error %s)\n", format(x$elbo[1], digits = 5), format(x$elbo[2], digits = 2)))
  }
  if (!is.null(x$khat) && !is.na(x$khat)) cat_wrapped(khat_verdict(x$khat))
  if (is.null(x$log_weights) && in_batches(x$spec)) {
    cat_wrapped("no Pareto k: the spec has minibatches and does not know the whole data; fit the model itself for it")
  }
  print_sites(x, digits)
  print_drawn_afterwards(x)
  print_advice(svi_advice(x, loss))
  invisible(x)
}

#' @rdname summary.reparam_fit
#' @export
print.reparam_fit <- function(x, digits = 3, ...) {
  size <- fit_size(x)
  what <- if (inherits(x, "reparam_prior")) "Draws from the prior" else "Predictions"
  cat(sprintf("%s: %s x %s, seed %s\n", what, count(size[2], "chain"), count(size[1], "draw"),
              format(x$control$seed, digits = 16)))
  print_sites(x, digits)
  invisible(x)
}

count <- function(n, what) {
  sprintf("%d %s%s", as.integer(n), what, if (n == 1) "" else "s")
}

# Scalars as a table, then a line an array. Returns the worst R-hat and effective sample size, with the variables
# they belong to.
print_sites <- function(fit, digits) {
  sites <- choose_sites(fit)
  scalar <- vapply(sites, function(name) !length(site_dim(fit, name)), NA)
  worst <- list(rhat = NULL, ess = NULL)
  if (any(scalar)) {
    table <- summary(fit, sites[scalar])
    sampled <- !table$variable %in% summed_out_sites(fit)
    worst <- worse(worst, table$variable[sampled], table$rhat[sampled], pmin(table$ess_bulk, table$ess_tail)[sampled])
    table$mcse_mean <- NULL
    names(table) <- sub("^q([0-9.]+)$", "\\1%", names(table))
    table <- format_table(as.data.frame(unclass(table), optional = TRUE), digits)
    rownames(table) <- table$variable
    cat("\n")
    print(table[-1], right = TRUE)
  }
  if (any(!scalar)) cat("\n")
  for (name in sites[!scalar]) worst <- print_array(fit, name, digits, worst)
  invisible(worst)
}

# Drawn given the others, at each draw anew: mixing of the others is what counts, and an indicator that is nearly always
# the same has few effective draws of no concern.
summed_out_sites <- function(fit) site_field(fit, "name")[site_field(fit, "kind") == "summed out"]

print_array <- function(fit, name, digits, worst) {
  x <- as.array(fit, name)
  means <- colMeans(x, dims = 2L)
  sds <- sd_columns(x)
  shape <- paste(site_dim(fit, name), collapse = ",")
  line <- c(sprintf("%s[%s]  mean %s", name, shape, format_range(means, digits)),
            sprintf("sd %s", format_range(sds, digits)))
  if (inherits(fit, "reparam_nuts")) {
    diagnostics <- convergence(x)
    rhat <- diagnostics[, "rhat"]
    ess <- diagnostics[, "ess_bulk"]
    if (!all(is.na(rhat))) line <- c(line, sprintf("rhat <= %s", format_rhat(max(rhat, na.rm = TRUE))))
    if (!all(is.na(ess))) line <- c(line, sprintf("ess_bulk >= %.0f", floor(min(ess, na.rm = TRUE))))
    if (!name %in% summed_out_sites(fit)) worst <- worse(worst, dimnames(x)$variable, rhat, ess)
  }
  cat_pieces(line)
  worst
}

# On one line, or on several that break between pieces only.
cat_pieces <- function(pieces) {
  line <- pieces[1]
  for (piece in pieces[-1]) {
    longer <- paste0(line, "  ", piece)
    if (nchar(longer) > getOption("width")) {
      cat(line, "\n", sep = "")
      longer <- paste0("  ", piece)
    }
    line <- longer
  }
  cat(line, "\n", sep = "")
}

worse <- function(worst, variables, rhat, ess) {
  named <- function(x, at) stats::setNames(x[at], variables[at])
  at <- which.max(rhat)
  if (length(at) && (is.null(worst$rhat) || rhat[at] > worst$rhat)) worst$rhat <- named(rhat, at)
  at <- which.min(ess)
  if (length(at) && (is.null(worst$ess) || ess[at] < worst$ess)) worst$ess <- named(ess, at)
  worst
}

print_drawn_afterwards <- function(fit) {
  ancestral <- ancestral_sites(fit)
  updated <- intersect(ancestral, updated_sites(fit))
  if (length(updated)) {
    cat("\n")
    cat_wrapped(sprintf("Integrated out: %s, drawn from the updated prior.", quote_names(updated)))
  }
  ancestral <- setdiff(ancestral, updated)
  if (length(ancestral)) {
    cat("\n")
    cat_wrapped(sprintf("No data depend on %s: drawn directly, not sampled.", quote_names(ancestral)))
  }
}

# Sites that reparam_conjugate() acts on.
updated_sites <- function(fit) {
  site_field(fit, "name")[vapply(fit$sites, function(site) identical(site$why, "conjugate"), NA)]
}

# Sites that left the sampler, also those of which a reparameterizer made auxiliary sites that all left it.
ancestral_sites <- function(fit) {
  names <- site_field(fit, "name")
  kinds <- site_field(fit, "kind")
  left <- vapply(names, function(name) {
    made <- kinds[site_field(fit, "original") == name & kinds != "reparameterized"]
    length(made) > 0L && all(made == "ancestral")
  }, NA)
  intersect(names[left], random_sites(fit))
}

print_sampler <- function(fit) {
  if (n_coordinates(fit) == 0L) return(cat("Nothing was left to sample.\n"))
  seconds <- apply(fit$seconds, 2L, max)
  seconds <- format_each(seconds, 2L, scientific = FALSE)
  s <- fit$sampler
  cat("\n")
  cat_wrapped(sprintf(
    paste("%s s warm-up + %s s sampling (slowest chain); step size %s; tree depth mean %.1f, max %.0f; acceptance %.2f;",
          "%s"),
    seconds[1], seconds[2], format(mean(s$step_size), digits = 2), mean(s$tree_depth), max(s$tree_depth),
    mean(s$accept_stat), count(sum(s$divergent), "divergence")
  ))
}

# Text is wrapped; lines that begin with two spaces are code, which must stay in one piece.
print_advice <- function(advice) {
  for (item in advice) {
    cat("\n")
    for (message in strsplit(item$message, "\n! ", fixed = TRUE)[[1]]) cat_wrapped(paste("!", message))
    for (line in item$lines) if (startsWith(line, "  ")) cat("i ", line, "\n", sep = "") else cat_wrapped(paste("i", line))
  }
}

cat_wrapped <- function(text) {
  cat(strwrap(text, getOption("width"), exdent = 2L), sep = "\n")
}

format_table <- function(table, digits) {
  for (name in setdiff(names(table), "variable")) {
    x <- table[[name]]
    table[[name]] <- if (name == "rhat") format_rhat(x)
    else if (name %in% c("ess_bulk", "ess_tail")) sprintf("%.0f", x)
    else formatC(x, digits = digits, width = 1L, format = "fg", flag = "#")
  }
  table[] <- lapply(table, function(column) sub("\\.$", "", column))
  table
}

format_rhat <- function(x) {
  ifelse(is.na(x), "NA", ifelse(x < 10, sprintf("%.3f", x), format(x, digits = 3)))
}

format_range <- function(x, digits) {
  ends <- signif(range(x, finite = TRUE), digits)
  if (ends[1] == ends[2]) format(ends[1]) else paste(format(ends[1]), "to", format(ends[2]))
}
