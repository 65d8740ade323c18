# Checkpoints: what the chains have done, in a file, so that another R session can take them up. Chains on workers
# write parts of their own, one file a chain beside the file of the fit, which is written when all are done.
#
# A file holds list(version, spec, control, numbers, past): `past` (see fit-continue.R) of the chains `numbers` of the
# fit that spec and control describe.

checkpoint_version <- 2L

# list(write, finish, seconds): write(past) is called while the chains run, which stop when it gives TRUE;
# finish(result) at the end. A file that
# cannot be written is reported at the end, and does not end the fit.
checkpoint_writer <- function(run, spec, control, numbers) {
  file <- run[["checkpoint"]]
  if (is.null(file)) return(list(finish = function(result) invisible()))
  check_checkpoint_file(file)
  seconds <- check_number(run$checkpoint_seconds, "checkpoint_seconds", function(x) x >= 0, "at least 0")
  file <- normalizePath(file, mustWork = FALSE)
  control$isa <- .Call(ffi_resolve_isa, control$isa)
  problem <- NULL
  write <- function(past) {
    problem <<- write_checkpoint(file, spec, control, numbers, past)
    FALSE
  }
  finish <- function(result) {
    write(result[past_fields])
    if (is.null(problem)) {
      begun <- !vapply(result$state, is.null, NA)
      unlink(part_file(file, numbers[begun]))
    }
    for (text in unique(c(problem, result$checkpoint_problems))) {
      warn_reparam(sprintf("The checkpoint could not be written: %s", text))
    }
  }
  list(write = write, finish = finish, seconds = seconds, file = file, control = control)
}

past_fields <- c("state", "unconstrained", "sampler", "warmup")

# What went wrong, or NULL.
write_checkpoint <- function(file, spec, control, numbers, past) {
  saved <- list(version = checkpoint_version, spec = spec, control = control, numbers = numbers, past = past)
  tryCatch({
    suppressWarnings(save_whole(saved, file))
    NULL
  }, error = conditionMessage)
}

check_checkpoint_file <- function(file) {
  if (!is.character(file) || length(file) != 1L || is.na(file) || !nzchar(file)) {
    stop_reparam(sprintf("`checkpoint` must be the name of a file, not %s.", describe(file)))
  }
  if (!dir.exists(dirname(file))) {
    stop_reparam(sprintf("`checkpoint` is to be in the folder \"%s\", which does not exist.", dirname(file)))
  }
}

# The file is the old one or the new one, never a part: renaming replaces it in one step.
save_whole <- function(x, file) {
  temporary <- tempfile(paste0(basename(file), "-"), dirname(file))
  on.exit(unlink(temporary))
  saveRDS(x, temporary, compress = FALSE)
  if (!file.rename(temporary, file)) stop(sprintf("\"%s\" cannot be replaced", file))
}

# ---- parts of workers ------------------------------------------------------------------------------------------------

part_file <- function(file, number) sprintf("%s-chain-%.0f", file, number)

# All that there are of a file, whatever chain they are of.
part_files <- function(file) {
  files <- list.files(dirname(file), all.files = TRUE, full.names = TRUE)
  files[startsWith(basename(files), paste0(basename(file), "-chain-")) & grepl("-chain-[0-9]+$", files)]
}

# What the engine's control list for workers says of parts. They are written in any case, so that Ctrl-C keeps what the
# workers have drawn; without a checkpoint for as long as the fit lasts. The worker's chain stops when the file `stop`
# appears or this process is no more.
workers_part <- function(writer, control) {
  part <- writer[c("file", "control", "seconds")]
  if (is.null(writer$file)) part <- list(file = tempfile("chains"), control = control, seconds = 2)
  c(part, list(stop = tempfile("stop"), process = Sys.getpid(), node = Sys.info()[["nodename"]]))
}

is_abandoned <- function(part) {
  here <- identical(Sys.info()[["nodename"]], part$node) && .Platform$OS.type == "unix"
  file.exists(part$stop) || (here && !tools::pskill(part$process, 0L))
}

# On the worker: the engine's control list with a function that writes the part of its chain, which goes on from there
# when an earlier worker left one.
with_part <- function(engine, spec) {
  part <- engine$part
  engine$part <- NULL
  if (is.null(part)) return(engine)
  file <- part_file(part$file, engine$numbers)
  saved <- if (file.exists(file)) tryCatch(read_checkpoint_file(file), error = function(e) NULL)
  if (!is.null(saved) && is.null(checkpoint_difference(saved, spec, part$control)) &&
        further(saved$past, engine$past)) {
    engine$past <- saved$past
  }
  problem <- NULL
  number <- engine$numbers
  engine$checkpoint <- function(past) {
    problem <<- write_checkpoint(file, spec, part$control, number, past)
    is_abandoned(part)
  }
  engine$checkpoint_problem <- function() problem
  engine$checkpoint_seconds <- part$seconds
  engine
}

# Whether the one chain of a past has come further than that of another.
further <- function(past, other) is.null(other) || iterations_done(past) > iterations_done(other)

# ---- reading ---------------------------------------------------------------------------------------------------------

# list(control, past) of all chains of the fit, each from where it has come furthest. NULL when there is nothing yet.
read_checkpoint <- function(file) {
  if (is.null(file)) return(NULL)
  check_checkpoint_file(file)
  files <- c(if (file.exists(file)) file, part_files(file))
  if (!length(files)) return(NULL)
  saved <- lapply(files, read_checkpoint_file)
  names(saved) <- files
  saved
}

read_checkpoint_file <- function(file) {
  saved <- tryCatch(suppressWarnings(readRDS(file)), error = function(e) NULL)
  parts <- c("version", "spec", "control", "numbers", "past")
  if (!is.list(saved) || !all(parts %in% names(saved))) {
    stop_reparam(sprintf("The file \"%s\" is no checkpoint of a fit.", file), "Give another name, or delete it.")
  }
  if (!identical(saved$version, checkpoint_version)) {
    stop_reparam(sprintf("The checkpoint \"%s\" was written by another version of the package.", file))
  }
  saved
}

# What all chains have done, each from the file in which it has come furthest.
past_of_checkpoint <- function(saved, control) {
  if (is.null(saved)) return(NULL)
  chains <- seq_len(control$chains)
  pasts <- vector("list", length(chains))
  for (one in saved) {
    for (k in seq_along(one$numbers)) {
      number <- one$numbers[k]
      past <- choose_chains(one$past, k)
      if (!is.null(past$state[[1]]) && further(past, pasts[[number]])) pasts[[number]] <- past
    }
  }
  bind_pasts(pasts)
}

# Pasts of single chains, NULL for those that have not begun, as one.
bind_pasts <- function(pasts) {
  begun <- which(!vapply(pasts, is.null, NA))
  if (!length(begun)) return(NULL)
  warmed <- begun[!vapply(pasts[begun], function(past) is.null(past$warmup), NA)]
  none <- function(x) array(NA_real_, c(0L, 1L, dim(x)[-(1:2)]))
  bind <- function(rows) {
    first <- Filter(Negate(is.null), rows)[[1]]
    rows <- lapply(rows, function(one) {
      if (is.null(one)) list(unconstrained = none(first$unconstrained), sampler = lapply(first$sampler, none)) else one
    })
    sampler <- lapply(stats::setNames(nm = names(first$sampler)), function(name) {
      bind_chains(lapply(rows, function(one) one$sampler[[name]]))
    })
    list(unconstrained = bind_chains(lapply(rows, `[[`, "unconstrained")), sampler = sampler)
  }
  past <- c(list(state = lapply(pasts, function(past) if (!is.null(past)) past$state[[1]])), bind(pasts))
  past["warmup"] <- list(if (length(warmed)) bind(lapply(pasts, `[[`, "warmup")))
  past
}

check_checkpoint <- function(saved, spec, control) {
  for (file in names(saved)) {
    difference <- checkpoint_difference(saved[[file]], spec, control)
    if (is.null(difference)) next
    stop_reparam(sprintf("The checkpoint \"%s\" is of another fit: %s.", file, difference),
                 "Delete the file, or give another name, to begin anew.")
  }
}

# In words; NULL when it is of this fit.
checkpoint_difference <- function(saved, spec, control) {
  difference <- spec_difference(spec, saved$spec)
  if (is.null(difference)) difference <- settings_difference(control, saved$control)
  if (!is.null(difference)) return(difference)
  done <- max(iterations_done(saved$past)) - control$iter_warmup
  if (done <= control$iter_sampling) return(NULL)
  sprintf("`iter_sampling` is %s, there a chain has %s", format(control$iter_sampling), format(done))
}

# What changes no draw may differ, and iter_sampling.
settings_difference <- function(control, other) {
  free <- c("cores", "keep", "budget", "iter_sampling", "isa")
  names <- setdiff(union(names(control), names(other)), free)
  for (name in names) {
    if (identical(control[[name]], other[[name]])) next
    value <- function(x) if (is.atomic(x) && length(x) == 1L) format(x, digits = 16) else "something else"
    return(sprintf("`%s` is %s, there %s", name, value(control[[name]]), value(other[[name]])))
  }
  if (control$isa != "best" && control$isa != other$isa) {
    text <- "it was made with the instruction set \"%s\", but options(reparam.isa) is \"%s\""
    return(sprintf(text, other$isa, control$isa))
  }
  NULL
}
