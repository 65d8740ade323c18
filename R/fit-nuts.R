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
#' # Interrupting, continuing, resuming
#'
#' Ctrl-C ends the fit with a warning and keeps the draws made so far, as many from each chain as make the largest
#' complete array. `fit_nuts(fit)` goes on with an interrupted fit from where each chain was, in warm-up too;
#' `fit_nuts(fit, iter = 1000)` adds 1000 iterations to any fit. Step size, metric, centering and the place in the
#' stream of random numbers are the chain's, so that the draws are those of a fit that was never stopped, bit for bit.
#' A fit is continued in the R session that made it or in any other, after [saveRDS()] and [readRDS()]. With the
#' model it keeps the functions and values of the workspace that the model uses, as they were, so that `update()` and
#' [posterior_predict()] for new data work there as well.
#'
#' With `checkpoint = "file"` all of this is saved every so often. The same call again, in a new R session after R or
#' the machine went down, takes up the chains from that file; it may ask for more `iter_sampling`. The file remains when
#' the fit is done. Chains on `workers` save themselves, chain 2 to `file-chain-2`, in a folder that they and this
#' process must share; these files are gone when the fit is done. Such a fit may be resumed on other workers or in this
#' process, and one of this process on workers.
#'
#' # Other processes and machines
#'
#' `workers` runs each chain as a task of its own in another R process: `workers = 4` on processes of this machine that
#' end with the fit, a cluster of [parallel::makeCluster()] on its nodes, `"future"` on the workers of the plan of the
#' future package, `"mirai"` on mirai's daemons. NULL takes an active plan or daemons if there are any; `FALSE` stays in
#' this process. A chain's draws are the same wherever it runs: the instruction set of this machine goes with the task.
#' A chain whose worker dies is reported and runs again in this process. Workers need the package installed. Ctrl-C
#' keeps what they have drawn, up to the last seconds, where they share a disk with this process; they stop soon after.
#' A cluster of your own is best made anew then, since the answers that it still gives belong to that fit.
#'
#' @param model A model made by [model()], or a function, or what [model_spec()] returned (then without `data`). Or a
#'   fit by `fit_nuts()` to be continued, then with no other arguments than `iter`, `cores`, `keep`, `refresh`,
#'   `checkpoint`, `checkpoint_seconds` and `workers`.
#' @param data A named list (or data frame) of the model function's arguments. Arguments of sites are data; their `NA`
#'   elements are unknown.
#' @param chains Number of chains.
#' @param cores Chains that run at the same time, on threads of this process.
#' @param iter_warmup,iter_sampling Iterations of each chain in warm-up (not kept) and in sampling. `iter_warmup =
#'   NULL` is 400 for the fast schedule and 1000 for Stan's.
#' @param thin Keep every `thin`-th iteration.
#' @param init Where the chains begin. NULL or `"uniform"`: uniform on (-2, 2) on the unconstrained scale; one number:
#'   uniform within that radius. `"prior"`: a draw from the prior; `"median"`: the median of 51 prior draws, coordinate
#'   by coordinate (both need priors that can be drawn from). A named list of starting values of sites, in the user's
#'   scale and by the user's names; sites that it does not name start uniformly. A list of such lists, one for each
#'   chain. A fit by `fit_nuts()` or [fit_svi()]: each chain begins at one of its draws. Where the density is not finite
#'   another position is tried: up to 100 uniform ones (also for what a list leaves open), 20 draws.
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
#'   more than 10 % of them diverged; a block has at most 300 coordinates. A warning says so where that never was the
#'   case, and how much warm-up it takes (400 iterations are enough for 180 coordinates). `"stan"`: Stan's windows and
#'   sample covariances; not for a low-rank metric.
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
#' @param save_warmup TRUE keeps the draws of warm-up, which [draws()] gives with `inc_warmup = TRUE`.
#' @param step_size Step size to start with; without warm-up, that of all iterations. NULL: searched for.
#' @param step_size_jitter Between 0 and 1: in sampling, each iteration's step size is multiplied by a uniform number
#'   from `1 - step_size_jitter` to `1 + step_size_jitter`.
#' @param max_treedepth_warmup As `max_treedepth`, in warm-up. NULL: the same.
#' @param algorithm `"nuts"`, or `"hmc"`: Hamiltonian Monte Carlo with trajectories of `n_leapfrog` steps.
#' @param n_leapfrog Leapfrog steps of a trajectory of `algorithm = "hmc"`.
#' @param checkpoint Name of a file to which the chains are saved while they run, and from which they are taken up; see
#'   below. NULL: none.
#' @param checkpoint_seconds Seconds between two checkpoints. They are rarer when writing one takes more than a
#'   twentieth of that.
#' @param workers Where chains run, see below; NULL: on threads of this process, unless a future plan or mirai's
#'   daemons are active.
#' @param iter Iterations by which a fit is continued. NULL: those that an interrupted fit lacks, or as many as it has.
#' @return A fit of class `reparam_nuts` and `reparam_fit`, plain data that [saveRDS()] keeps; see [draws()],
#'   [summary()][summary.reparam_fit], [print()][print.reparam_fit] and [plot()][plot.reparam_fit].
#' @section Errors:
#' Data that do not fit the model, an argument outside its range, a log density that is not finite at any of the
#' starting points (the error names the site to blame). A checkpoint of another model, other data or other settings;
#' the error names what differs.
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
#' longer <- fit_nuts(fit, iter = 500)
#' dim(draws(longer, "p"))
#' @export
fit_nuts <- function(model, data = list(), chains = 4, cores = getOption("mc.cores", 1L), iter_warmup = NULL,
                     iter_sampling = 1000, thin = 1, init = NULL, adapt_delta = 0.8, max_treedepth = 10,
                     metric = c("diag", "dense", "lowrank", "unit"), inverse_metric = NULL,
                     warmup = c("fast", "stan"), reparam = "auto", prune = TRUE, keep = NULL, seed = NULL,
                     refresh = NULL, save_warmup = FALSE, step_size = NULL, step_size_jitter = 0,
                     max_treedepth_warmup = NULL, algorithm = c("nuts", "hmc"), n_leapfrog = 10, checkpoint = NULL,
                     checkpoint_seconds = 60, workers = NULL, iter = NULL) {
  call <- match.call()
  if (inherits(model, "reparam_fit")) return(continue_nuts(model, call, parent.frame()))
  if (!is.null(iter)) {
    stop_reparam("`iter` is how many iterations more a fit is continued by.", "Use `iter_sampling`, or give a fit.")
  }
  init <- check_init(init)
  metric <- check_metric(metric)
  warmup <- check_choice(warmup, "warmup", c("fast", "stan"))
  if (is.null(iter_warmup)) iter_warmup <- if (warmup == "fast") 400 else 1000
  control <- c(list(
    chains = check_whole(chains, "chains", 1, 1e5), cores = check_whole(cores, "cores", 1, 1e4),
    iter_warmup = check_whole(iter_warmup, "iter_warmup"),
    iter_sampling = check_whole(iter_sampling, "iter_sampling", 1),
    thin = check_whole(thin, "thin", 1),
    adapt_delta = check_number(adapt_delta, "adapt_delta", function(x) x > 0 && x < 1, "between 0 and 1"),
    max_treedepth = check_whole(max_treedepth, "max_treedepth", 1, 30),
    metric = metric$kind, blocks = metric$blocks, inverse_metric = check_inverse_metric(inverse_metric, metric),
    warmup = warmup,
    keep = check_sites(keep, "keep"), budget = storage_budget(), save_warmup = check_flag(save_warmup, "save_warmup")
  ), trajectory_control(step_size, step_size_jitter, max_treedepth_warmup, algorithm, n_leapfrog))
  if (control$thin > control$iter_sampling) {
    stop_reparam("`thin` is larger than `iter_sampling`, so that no draw would be kept.")
  }
  model <- with_strategy(model, reparam)
  spec <- fit_spec(model, data, FALSE)
  if (in_batches(spec)) {
    stop_reparam("NUTS needs the whole log density, but a plate of the model has a `subsample`.",
                 "Fit by `fit_svi()`, or leave `subsample` out of `with_plate()`.")
  }
  saved <- read_checkpoint(checkpoint)
  if (is.null(seed)) seed <- if (is.null(saved)) handler_seed(spec) else saved[[1]]$control$seed
  control <- c(
    control, model_control(as_strategy(reparam), prune, seed),
    list(centering = centering_control(reparam, control$chains))
  )
  control <- with_init(control, init, spec)
  if (!is.null(saved)) {
    check_checkpoint(saved, spec, control)
    control$isa <- saved[[1]]$control$isa
  }
  run <- list(refresh = refresh, checkpoint = checkpoint, checkpoint_seconds = checkpoint_seconds, workers = workers)
  run_nuts(model, spec, control, plain_fit_call(call, "fit_nuts"), run, past_of_checkpoint(saved, control))
}

trajectory_control <- function(step_size, step_size_jitter, max_treedepth_warmup, algorithm, n_leapfrog) {
  algorithm <- check_choice(algorithm, "algorithm", c("nuts", "hmc"))
  from_0_to_1 <- function(x) x >= 0 && x < 1
  list(
    step_size = if (!is.null(step_size)) check_number(step_size, "step_size", function(x) x > 0, "positive"),
    step_size_jitter = check_number(step_size_jitter, "step_size_jitter", from_0_to_1, "at least 0 and below 1"),
    max_treedepth_warmup = if (!is.null(max_treedepth_warmup)) {
      check_whole(max_treedepth_warmup, "max_treedepth_warmup", 1, 30)
    },
    algorithm = algorithm, static_steps = if (algorithm == "hmc") check_whole(n_leapfrog, "n_leapfrog", 1, 1e6)
  )
}

# Samples all chains of `control`, or (numbers) those of a fit, from where `past` says that they are. `run` says how:
# refresh, checkpoint, checkpoint_seconds, workers.
run_nuts <- function(model, spec, control, call, run, past = NULL, numbers = seq_len(control$chains)) {
  engine <- control
  engine$lanes <- lanes_wanted()
  engine$past <- past
  engine$numbers <- numbers
  engine$chains <- length(numbers)
  if (is.list(control$centering)) engine$centering <- centering_of(control$centering, numbers)
  if (!is.null(control$inits)) engine$inits <- control$inits[, , numbers, drop = FALSE]
  writer <- checkpoint_writer(run, spec, control, numbers)
  workers <- choose_workers(run[["workers"]], length(numbers))
  if (is.null(workers)) {
    engine$checkpoint <- writer$write
    engine$checkpoint_seconds <- writer$seconds
  } else {
    engine$part <- workers_part(writer, control)
    if (is.null(writer$file)) on.exit(unlink(part_file(engine$part$file, numbers)))
  }
  refresh <- run[["refresh"]]
  result <- if (is.null(workers)) sample_here(spec, engine, refresh) else sample_on(workers, spec, engine, refresh)
  control$isa <- result$isa
  writer$finish(result)
  result$checkpoint_problems <- NULL
  fit <- new_fit(keep_complete_chains(result, numbers), model, spec, control, call, "reparam_nuts")
  if (is.null(past)) warn_advice(metric_advice(fit))
  fit
}

warn_advice <- function(advice) {
  if (!is.null(advice)) warn_reparam(advice$message, paste(trimws(advice$lines), collapse = " "))
}

sample_here <- function(spec, engine, refresh) {
  progress <- if (progress_wanted(refresh)) nuts_progress(engine)
  engine$progress <- progress$show
  on.exit(if (!is.null(progress)) progress$close())
  .Call(ffi_sample_nuts, spec, engine)
}

# Chains that failed or never began are left out. Of those cut short, as many are kept as give most draws: k chains
# of the k-th longest length; what they all have done stays in `rest`, so that they can go on from there.
keep_complete_chains <- function(result, numbers = seq_along(result$completed)) {
  failed <- which(!is.na(result$failures))
  if (length(failed)) {
    text <- "Chain %s failed and is left out: %s"
    warn_reparam(sprintf(text, paste(numbers[failed], collapse = ", "), result$failures[failed[1]]))
  }
  completed <- result$completed
  completed[failed] <- 0L
  n_iterations <- iterations_wanted(result)
  if (all(completed >= n_iterations)) {
    result$chains <- numbers
    return(result)
  }
  longest <- order(completed, decreasing = TRUE)
  kept <- which.max(seq_along(longest) * completed[longest])
  length <- completed[longest[kept]]
  chains <- if (length > 0L) sort(longest[seq_len(kept)]) else setdiff(seq_along(completed), failed)
  if (isTRUE(result$interrupted)) {
    warn_interrupted(result, length, kept)
    alive <- setdiff(seq_along(completed), failed)
    result$rest <- choose_chains(result[past_fields], alive)
    result$rest$numbers <- numbers[alive]
  }
  result <- choose_chains(result, chains, length)
  result$chains <- numbers[chains]
  result
}

# The arrays of a fit that was stopped may be shorter.
iterations_wanted <- function(result) if (is.null(result$wanted)) dim(result$unconstrained)[1] else result$wanted

warn_interrupted <- function(result, length, kept) {
  n_iterations <- iterations_wanted(result)
  text <- if (length < 1L) {
    sprintf("Interrupted after %.0f iterations, before the first draw was kept.", max(result$iterations))
  } else {
    sprintf("Interrupted: %d of %d draws are kept from each of %d of %d chains.", length, n_iterations, kept,
            length(result$completed))
  }
  warn_reparam(text, "`fit_nuts(fit)` goes on from here.", class = "reparam_interrupted")
}

# Some chains of a result of the engine, and so many of their first iterations. Without R's subscripts, which take their
# time: users wait for it after Ctrl-C.
choose_chains <- function(result, chains, rows = NULL) {
  chains <- as.integer(chains)
  arrays <- function(x) {
    if (is.null(rows)) rows <- nrow(x)
    if (rows == nrow(x) && identical(chains, seq_len(ncol(x)))) x else .Call(ffi_choose_rows, x, chains, rows)
  }
  if (!is.null(result$draws)) result$draws <- lapply(result$draws, arrays)
  result$unconstrained <- arrays(result$unconstrained)
  result$sampler <- lapply(result$sampler, arrays)
  result$state <- result$state[chains]
  if (!is.null(result$warmup)) result["warmup"] <- list(choose_chains(result$warmup, chains))
  by_chain <- function(x) if (is.matrix(x)) x[, chains, drop = FALSE] else x[chains]
  if (!is.null(result$adaptation)) result$adaptation <- lapply(result$adaptation, by_chain)
  if (!is.null(result$seconds)) result$seconds <- result$seconds[chains, , drop = FALSE]
  if (!is.null(result$iterations)) result$iterations <- result$iterations[chains]
  if (!is.null(result$centering)) result$centering <- centering_of(result$centering, chains)
  result
}
