# Chains on other R processes: one task a chain. A chain's draws do not depend on where it runs, as long as the
# instruction set is the same, which is why the tasks name it.
#
# A backend is list(name, start, done, value, stop): start(spec, engine) begins a task and gives a handle; done(handle);
# value(handle) gives what sample_task() returned, or an error when the worker was lost.

# NULL: the chains run in this process.
choose_workers <- function(workers, n_chains) {
  if (isFALSE(workers) || (is.null(workers) && n_chains < 2L)) return(NULL)
  if (is.null(workers)) return(active_backend())
  if (inherits(workers, "cluster")) return(list(name = "cluster", cluster = workers))
  if (is.numeric(workers)) return(list(name = "cluster", n = check_whole(workers, "workers", 1, 1e4)))
  if (identical(workers, "future")) return(future_backend())
  if (identical(workers, "mirai")) return(mirai_backend())
  text <- "`workers` must be a number of R processes, a cluster, \"future\" or \"mirai\", not %s."
  stop_reparam(
    sprintf(text, describe(workers)),
    "`workers = FALSE` runs the chains in this process, whatever plan is active."
  )
}

active_backend <- function() {
  if (has_future_plan()) future_backend() else if (has_mirai_daemons()) mirai_backend()
}

has_future_plan <- function() {
  isNamespaceLoaded("future") && !inherits(future::plan(), "sequential")
}

has_mirai_daemons <- function() {
  isNamespaceLoaded("mirai") && isTRUE(getExportedValue("mirai", "daemons_set")())
}

# What a worker does. Its errors come back as values, so that those of lost workers are told from them.
sample_task <- function(spec, engine) {
  tryCatch(
    suppressMessages({
      engine <- with_part(engine, spec)
      result <- .Call(ffi_sample_nuts, spec, engine)
      if (!is.null(engine$checkpoint)) {
        engine$checkpoint(result[past_fields])
        result$checkpoint_problems <- engine$checkpoint_problem()
      }
      result
    }),
    error = function(e) structure(list(message = conditionMessage(e)), class = "reparam_task_error")
  )
}

# Evaluated on the worker: needs nothing but the package there.
task_call <- quote(utils::getFromNamespace("sample_task", "reparam")(spec, engine))

sample_on <- function(workers, spec, engine, refresh) {
  engine$isa <- .Call(ffi_resolve_isa, engine$isa)
  tasks <- lapply(seq_len(engine$chains), function(k) task_of(engine, k))
  on_cluster <- workers$name == "cluster"
  results <- if (on_cluster) run_on_cluster(workers, spec, tasks) else run_tasks(workers, spec, tasks, refresh)
  lost <- which(vapply(results, inherits, NA, "reparam_lost"))
  interrupted <- vapply(results, is.null, NA)
  if (length(lost)) {
    text <- "The %s lost %s (%s). %s in this process instead."
    warn_reparam(sprintf(text, if (on_cluster) "cluster" else paste(workers$name, "worker"),
                         chain_numbers(engine, lost), results[[lost[1]]]$message,
                         if (length(lost) == 1L) "It runs" else "They run"))
    if (!any(interrupted)) results[lost] <- lapply(tasks[lost], function(task) sample_task(spec, task))
  }
  if (any(interrupted)) {
    past <- past_of_workers(results, engine)
    if (!is.null(past)) return(take_up(past, spec, engine))
  }
  gather_results(results, interrupted, engine)
}

# The result of chains that have come so far and stop there.
take_up <- function(past, spec, engine) {
  wanted <- engine$iter_sampling %/% engine$thin
  done <- max(iterations_done(past)) - engine$iter_warmup
  engine$iter_sampling <- max(done, engine$thin) # no room for more
  engine[c("past", "stopped")] <- list(past, 1)
  result <- sample_here(spec, engine, FALSE)
  result[c("interrupted", "wanted")] <- list(TRUE, wanted)
  result
}

# After an interrupt: of chains that are done what they returned, of the others what they have saved.
past_of_workers <- function(results, engine) {
  file.create(engine$part$stop)
  bind_pasts(lapply(seq_along(results), function(k) {
    if (!is.null(results[[k]]$state[[1]])) return(results[[k]][past_fields])
    file <- part_file(engine$part$file, engine$numbers[k])
    saved <- if (file.exists(file)) tryCatch(read_checkpoint_file(file), error = function(e) NULL)
    if (!is.null(saved)) saved$past else if (!is.null(engine$past)) choose_chains(engine$past[past_fields], k)
  }))
}

chain_numbers <- function(engine, places) {
  sprintf("chain%s %s", if (length(places) > 1L) "s" else "", paste(engine$numbers[places], collapse = ", "))
}

# What one chain needs of the control list for all.
task_of <- function(engine, k) {
  past <- engine$past
  engine$cores <- 1
  engine$chains <- 1
  engine$numbers <- engine$numbers[k]
  if (!is.null(past)) engine$past <- choose_chains(past[past_fields], k)
  if (is.list(engine$centering)) engine$centering <- centering_of(engine$centering, k)
  if (!is.null(engine$inits)) engine$inits <- engine$inits[, , k, drop = FALSE]
  metric <- engine$inverse_metric$value
  if (!is.null(metric) && ncol(metric) > 1L) engine$inverse_metric$value <- metric[, k, drop = FALSE]
  engine
}

# Chains that failed are reported with the others; if all did, with the error of the first.
gather_results <- function(results, interrupted, engine) {
  failed <- vapply(results, inherits, NA, "reparam_task_error")
  good <- which(!failed & !interrupted)
  if (!length(good)) {
    if (any(failed)) stop_reparam(results[[which(failed)[1]]]$message)
    hint <- if (!is.null(engine$part)) "The same call takes the chains up from their checkpoint."
    stop_reparam("Interrupted before the first chain was done.", hint, class = "reparam_interrupted")
  }
  template <- results[[good[1]]]
  for (k in which(failed | interrupted)) {
    empty <- choose_chains(template, 1L)
    empty$draws <- lapply(empty$draws, function(x) x * NA)
    empty$completed <- 0L
    empty$iterations <- 0
    empty["state"] <- list(list(NULL))
    empty$interrupted <- interrupted[k]
    empty$failures <- if (failed[k]) results[[k]]$message else NA_character_
    results[[k]] <- empty
  }
  problems <- unlist(lapply(results, `[[`, "checkpoint_problems"))
  result <- bind_results(results)
  result$checkpoint_problems <- problems
  result
}

# ---- backends --------------------------------------------------------------------------------------------------------

# Results in order; NULL for those that an interrupt left undone, class "reparam_lost" where the worker died.
run_tasks <- function(backend, spec, tasks, refresh) {
  progress <- if (progress_wanted(refresh)) progress_line(function(state) {
    sprintf("NUTS on %s workers: %d of %s done", backend$name, state, count(length(tasks), "chain"))
  })
  results <- vector("list", length(tasks))
  handles <- list()
  on.exit({
    if (!is.null(progress)) progress$close()
    for (k in seq_along(handles)) if (is.null(results[[k]])) try(backend$stop(handles[[k]]), silent = TRUE)
  })
  lost <- function(e) structure(list(message = first_line(conditionMessage(e))), class = "reparam_lost")
  tryCatch({
    for (k in seq_along(tasks)) handles[[k]] <- tryCatch(backend$start(spec, tasks[[k]]), error = lost)
    repeat {
      open <- which(vapply(results, is.null, NA))
      if (!length(open)) break
      for (k in open) {
        if (inherits(handles[[k]], "reparam_lost")) results[[k]] <- handles[[k]]
        else if (tryCatch(backend$done(handles[[k]]), error = function(e) TRUE)) {
          results[[k]] <- tryCatch(backend$value(handles[[k]]), error = lost)
        }
      }
      if (!is.null(progress)) progress$show(sum(!vapply(results, is.null, NA)))
      Sys.sleep(0.05)
    }
  }, interrupt = function(e) NULL)
  results
}

first_line <- function(text) strsplit(text, "\n", fixed = TRUE)[[1]][1]

future_backend <- function() {
  if (!requireNamespace("future", quietly = TRUE)) stop_reparam("`workers = \"future\"` needs the package future.")
  list(
    name = "future",
    start = function(spec, engine) {
      future::future(task_call, substitute = FALSE, globals = list(spec = spec, engine = engine), seed = NULL)
    },
    done = function(handle) future::resolved(handle), value = function(handle) future::value(handle),
    stop = function(handle) getExportedValue("future", "cancel")(handle) # since future 1.40; what fails is ignored
  )
}

mirai_backend <- function() {
  if (!requireNamespace("mirai", quietly = TRUE)) stop_reparam("`workers = \"mirai\"` needs the package mirai.")
  export <- function(name) getExportedValue("mirai", name)
  list(
    name = "mirai",
    start = function(spec, engine) export("mirai")(task_call, .args = list(spec = spec, engine = engine)),
    done = function(handle) !export("unresolved")(handle),
    value = function(handle) {
      value <- handle$data
      if (export("is_error_value")(value)) stop(paste("error value", format(value)))
      value
    },
    stop = function(handle) export("stop_mirai")(handle)
  )
}

# A cluster of the parallel package: the one given, or as many R processes as asked for, which end with the fit. When a
# node dies the answers of the others are lost with it.
run_on_cluster <- function(workers, spec, tasks) {
  cluster <- workers$cluster
  own <- integer()
  if (is.null(cluster)) {
    cluster <- parallel::makePSOCKcluster(min(workers$n, length(tasks)))
    on.exit(tryCatch(parallel::stopCluster(cluster), error = function(e) NULL))
    own <- unlist(parallel::clusterCall(cluster, Sys.getpid))
    parallel::clusterCall(cluster, set_library_paths, .libPaths())
  }
  lost <- function(e) {
    rep(list(structure(list(message = first_line(conditionMessage(e))), class = "reparam_lost")), length(tasks))
  }
  interrupted <- function(e) {
    if (length(own)) tools::pskill(own, tools::SIGTERM)
    vector("list", length(tasks))
  }
  run <- worker_function()
  tryCatch(parallel::clusterApplyLB(cluster, tasks, run, spec = spec), error = lost, interrupt = interrupted)
}

# Functions that are sent to other processes take nothing along.
set_library_paths <- function(paths) .libPaths(paths)
environment(set_library_paths) <- baseenv()

worker_function <- function() {
  run <- function(engine, spec) NULL
  body(run) <- task_call
  environment(run) <- globalenv()
  run
}
