#' Fit a model by the No-U-Turn sampler
#'
#' Draws from the posterior by NUTS with multinomial sampling and the generalised U-turn criterion, several chains,
#' step size and inverse mass matrix adapted in warm-up. Latent sites that carry no information, because no data
#' depend on them, leave the sampler and are drawn ancestrally from each posterior draw (`prune = TRUE`).
#'
#' # Reproducibility
#'
#' `set.seed(1)` before the call governs the fit; `seed = 1` does too and leaves R's own generator as it was. The
#' draws of a chain depend on the model, the data, the seed and the number of the chain, not on how many chains or
#' cores there are. Chains that share a core may be evaluated side by side; the engine does so where that is faster, as
#' for small models and for loops over time, and the draws are the same. `options(reparam.lanes = 1)` turns it off.
#'
#' Machines with other vector instructions round differently. `options(reparam.isa = "avx2")` (or `"avx512"`, `"sse2"`,
#' `"portable"`) holds the engine to one set, so that machines agree; `"best"` is the default.
#'
#' # Interrupting
#'
#' Ctrl-C ends the fit with a warning and keeps the draws made so far, as many from each chain as make the largest
#' complete array.
#'
#' @param model A model made by [model()], or a function, or what [model_spec()] returned (then without `data`).
#' @param data A named list (or data frame) of the model function's arguments. Arguments of sites are data; their `NA`
#'   elements are unknown.
#' @param chains Number of chains.
#' @param cores Chains that run at the same time, on threads of this process.
#' @param iter_warmup,iter_sampling Iterations of each chain in warm-up (not kept) and in sampling. `iter_warmup =
#'   NULL` is 400 for the fast schedule and 1000 for Stan's.
#' @param thin Keep every `thin`-th iteration.
#' @param init NULL: uniform on (-2, 2) on the unconstrained scale. Or a named list of starting values of sites, in
#'   the user's scale and by the user's names, for all chains; sites that it does not name start as with NULL.
#' @param adapt_delta Acceptance probability that the step size is adapted to, between 0 and 1.
#' @param max_treedepth Largest number of doublings of a trajectory, which then has `2^max_treedepth - 1` leapfrog
#'   steps.
#' @param metric Inverse mass matrix, an estimate of the posterior's covariance on the unconstrained scale: `"diag"`
#'   (variances), `"dense"` (a matrix), `"lowrank"` (variances and the up to 64 directions that they miss most, for
#'   many parameters) or `"unit"`. Or a list of character vectors, `list(c("mu", "tau"), "beta")`: a dense block for
#'   each set of sites, and variances for all others; sites that are reparameterized stand for their auxiliary sites.
#' @param inverse_metric Where the adaptation of the metric starts, or what it stays with `iter_warmup = 0`: variances
#'   or a matrix in the order (or by the names) of `fit$unconstrained_names`, or a fit by `fit_nuts()`, whose metric is
#'   taken, chain by chain. NULL: nothing is known.
#' @param warmup Schedule of the adaptation. `"fast"`: overlapping windows and a metric from draws and gradients. Its
#'   diagonal is usable after ten draws. Its matrices, the geometric mean of the draws' covariance and the inverse of
#'   the gradients', are used from when a window has 30 draws and 0.8 times as many as the block has coordinates, unless
#'   more than 10 % of them diverged; a block has at most 300 coordinates. `"stan"`: Stan's windows and sample
#'   covariances; not for a low-rank metric.
#' @param reparam Strategy for sites that the model's own [reparam()] does not name: `"auto"` samples transformed
#'   families through their base and chooses, in warm-up and for each element, how to center sites whose location or
#'   scale depends on other latent sites (see [centering()]); `"minimal"` changes only what cannot be sampled as it
#'   stands, `"none"` changes nothing; see [reparam_strategies]. Or a table made by [centering()], whose centering is
#'   kept.
#' @param prune Take sites that carry no information out of the sampler.
#' @param keep Names of the sites whose draws are stored. NULL: all that fit into `getOption("reparam.keep_bytes",
#'   1e9)` bytes, small ones first. [draws()] recomputes the others when they are asked for, bit for bit.
#' @param seed A whole number from 0 to 2^53, or NULL.
#' @param refresh TRUE shows progress. NULL: only on an interactive terminal (or as `getOption("reparam.refresh")`
#'   says).
#' @return A fit of class `reparam_nuts` and `reparam_fit`, plain data that [saveRDS()] keeps; see [draws()],
#'   [summary()][summary.reparam_fit], [print()][print.reparam_fit] and [plot()][plot.reparam_fit].
#' @section Errors:
#' Data that do not fit the model, an argument outside its range, a log density that is not finite at any of the
#' starting points (the error names the site to blame).
#' @references
#' Hoffman and Gelman (2014). The No-U-Turn Sampler: Adaptively Setting Path Lengths in Hamiltonian Monte Carlo.
#' Journal of Machine Learning Research 15.
#'
#' Betancourt (2017). A Conceptual Introduction to Hamiltonian Monte Carlo. arXiv:1701.02434.
#'
#' Seyboldt, Carlson and Carpenter (2025). Preconditioning Hamiltonian Monte Carlo by minimizing Fisher divergence.
#' (The fast schedule.)
#' @examples
#' coin <- model(function(n, y) {
#'   p ~ beta(1, 1)
#'   y ~ bernoulli(rep(p, n))
#' })
#' fit <- fit_nuts(coin, list(n = 5, y = c(1, 1, 0, 1, 1)), chains = 2, seed = 1)
#' fit
#' mean(draws(fit, "p"))  # exactly 5/7
#' @export
fit_nuts <- function(model, data = list(), chains = 4, cores = getOption("mc.cores", 1L), iter_warmup = NULL,
                     iter_sampling = 1000, thin = 1, init = NULL, adapt_delta = 0.8, max_treedepth = 10,
                     metric = c("diag", "dense", "lowrank", "unit"), inverse_metric = NULL,
                     warmup = c("fast", "stan"), reparam = "auto", prune = TRUE, keep = NULL, seed = NULL,
                     refresh = NULL) {
  call <- match.call()
  metric <- check_metric(metric)
  warmup <- check_choice(warmup, "warmup", c("fast", "stan"))
  if (is.null(iter_warmup)) iter_warmup <- if (warmup == "fast") 400 else 1000
  control <- list(
    chains = check_whole(chains, "chains", 1, 1e5), cores = check_whole(cores, "cores", 1, 1e4),
    iter_warmup = check_whole(iter_warmup, "iter_warmup"),
    iter_sampling = check_whole(iter_sampling, "iter_sampling", 1),
    thin = check_whole(thin, "thin", 1), init = check_init(init),
    adapt_delta = check_number(adapt_delta, "adapt_delta", function(x) x > 0 && x < 1, "between 0 and 1"),
    max_treedepth = check_whole(max_treedepth, "max_treedepth", 1, 30),
    metric = metric$kind, blocks = metric$blocks, inverse_metric = check_inverse_metric(inverse_metric, metric),
    warmup = warmup,
    keep = check_sites(keep, "keep"), budget = storage_budget()
  )
  if (control$thin > control$iter_sampling) {
    stop_reparam("`thin` is larger than `iter_sampling`, so that no draw would be kept.")
  }
  progress <- if (progress_wanted(refresh)) progress_line(nuts_progress(control))
  model <- with_strategy(model, reparam)
  spec <- fit_spec(model, data, FALSE)
  if (in_batches(spec)) {
    stop_reparam("NUTS needs the whole log density, but a plate of the model has a `subsample`.",
                 "Fit by `fit_svi()`, or leave `subsample` out of `with_plate()`.")
  }
  check_init_sites(control$init, spec)
  if (is.null(seed)) seed <- handler_seed(spec)
  centering <- centering_control(reparam, control$chains)
  control <- c(
    control, model_control(as_strategy(reparam), prune, seed),
    list(centering = centering, progress = progress$show, lanes = lanes_wanted())
  )
  result <- .Call(ffi_sample_nuts, spec, control)
  if (!is.null(progress)) progress$close()
  control$isa <- result$isa
  new_fit(keep_complete_chains(result), model, spec, control, plain_fit_call(call), "reparam_nuts")
}

check_init <- function(init) {
  if (is.null(init)) return(NULL)
  if (!is.list(init) || is.null(names(init)) || any(!nzchar(names(init)))) {
    stop_reparam("`init` must be a named list of values of sites.", "Write `init = list(k = 1, k_d = 0.1)`.")
  }
  numeric <- vapply(init, is.numeric, NA)
  if (!all(numeric)) {
    stop_reparam(sprintf("`init` gives %s for `%s`.", describe(init[!numeric][[1]]), names(init)[!numeric][1]))
  }
  lapply(init, function(value) {
    storage.mode(value) <- "double"
    value
  })
}

check_init_sites <- function(init, spec) {
  sites <- unique(unlist(lapply(spec$statements, function(s) if (s$kind %in% c("draw", "param")) s$name)))
  unknown <- setdiff(names(init), sites)
  if (length(unknown)) {
    stop_reparam(sprintf("`init` names %s, but the model has no such site.", quote_names(unknown)),
                 sprintf("Its sites are %s.", quote_names(sites)))
  }
}

nuts_progress <- function(control) {
  iterations <- control$iter_warmup + control$iter_sampling
  function(state) {
    done <- sum(state$iteration) / (length(state$iteration) * iterations)
    running <- state$iteration > 0 & state$done == 0
    detail <- if (any(running)) {
      sprintf(
        ", step size %.2g, acceptance %.2f, tree depth %.0f", mean(state$step_size[running]),
        mean(state$accept_stat[running]), max(state$tree_depth[running])
      )
    }
    sprintf("NUTS: %3.0f %% of %d chains%s, %.0f divergences", 100 * done, length(state$iteration), paste0(detail, ""),
            sum(state$divergent))
  }
}

# Chains that failed or never began are left out. Of those cut short, as many are kept as give most draws: k chains
# of the k-th longest length.
keep_complete_chains <- function(result) {
  failed <- which(!is.na(result$failures))
  if (length(failed)) {
    warn_reparam(
      sprintf("Chain %s failed and is left out: %s", paste(failed, collapse = ", "), result$failures[failed[1]])
    )
  }
  completed <- result$completed
  completed[failed] <- 0L
  n_iterations <- dim(result$unconstrained)[1]
  if (all(completed >= n_iterations)) return(result)
  longest <- order(completed, decreasing = TRUE)
  kept <- which.max(seq_along(longest) * completed[longest])
  length <- completed[longest[kept]]
  if (length < 1L) stop_reparam("Interrupted before the first draw was kept.", class = "reparam_interrupted")
  chains <- sort(longest[seq_len(kept)])
  if (isTRUE(result$interrupted)) {
    text <- "Interrupted: %d of %d draws are kept from each of %d of %d chains."
    warn_reparam(sprintf(text, length, n_iterations, kept, length(completed)), class = "reparam_interrupted")
  }
  rows <- seq_len(length)
  result$draws <- lapply(result$draws, function(x) x[rows, chains, , drop = FALSE])
  result$unconstrained <- result$unconstrained[rows, chains, , drop = FALSE]
  result$sampler <- lapply(result$sampler, function(x) x[rows, chains, drop = FALSE])
  result$adaptation <- lapply(result$adaptation, function(x) {
    if (is.matrix(x)) x[, chains, drop = FALSE] else x[chains]
  })
  result$seconds <- result$seconds[chains, , drop = FALSE]
  if (!is.null(result$centering)) {
    by_chain <- c("c", "s0")
    result$centering[by_chain] <- lapply(result$centering[by_chain], function(x) x[, chains, drop = FALSE])
  }
  result$chains <- chains
  result
}
