# Progress of long work, shown while the engine runs. A display is list(show, close): show(state) is called every 50 ms
# with what the engine knows, close() at the end.

progress_wanted <- function(refresh) {
  if (is.null(refresh)) {
    asked <- interactive() && isatty(stderr()) && !isTRUE(getOption("knitr.in.progress"))
    refresh <- getOption("reparam.refresh", asked)
  }
  if (is.logical(refresh)) return(check_flag(refresh, "refresh"))
  check_number(refresh, "refresh", function(x) x >= 0, "at least 0") > 0
}

# Lines on the terminal, written over themselves when that can be; else new ones, less and less often. `format_state`
# gives a line, or several.
progress_line <- function(format_state) {
  if (isatty(stderr()) && can_move_up()) progress_terminal(format_state) else progress_log(format_state)
}

can_move_up <- function() {
  if (requireNamespace("cli", quietly = TRUE)) return(cli::is_ansi_tty(stderr()))
  !Sys.getenv("TERM") %in% c("", "dumb")
}

progress_terminal <- function(format_state) {
  shown <- 0L
  back <- function() if (shown > 0L) cat(rep("\r\033[1A\033[2K", shown), sep = "", file = stderr())
  last <- -Inf
  list(
    show = function(state) {
      now <- proc.time()[[3]]
      if (now - last < 0.1) return()
      last <<- now
      lines <- fit_width(format_state(state))
      back()
      cat(paste0(lines, "\n"), sep = "", file = stderr())
      shown <<- length(lines)
    },
    close = function() {
      back()
      shown <<- 0L
    }
  )
}

# Where lines cannot be taken back: after 1, 2, 4, ... seconds, every minute at last.
progress_log <- function(format_state) {
  start <- proc.time()[[3]]
  following <- 1
  list(
    show = function(state) {
      passed <- proc.time()[[3]] - start
      if (passed < following) return()
      following <<- passed + min(max(passed, 1), 60)
      cat(paste0(format_state(state), "\n"), sep = "", file = stderr())
    },
    close = function() NULL
  )
}

fit_width <- function(lines) {
  width <- if (requireNamespace("cli", quietly = TRUE)) cli::console_width() else getOption("width")
  substr(lines, 1L, max(20L, width - 1L))
}

# ---- NUTS ------------------------------------------------------------------------------------------------------------

nuts_progress <- function(control) progress_line(nuts_progress_format(control))

# A line for the fit, and one for each chain that runs (eight at most).
nuts_progress_format <- function(control, clock = function() proc.time()[[3]]) {
  iterations <- control$iter_warmup + control$iter_sampling
  start <- clock()
  first <- NULL
  function(state) {
    if (is.null(first)) first <<- sum(state$iteration)
    n <- length(state$iteration)
    done <- sum(state$iteration)
    left <- n * iterations - done
    seconds <- clock() - start
    known <- done > first && seconds > 1
    eta <- if (known) sprintf(", %s left", format_seconds(seconds * left / (done - first))) else ""
    head <- sprintf("NUTS: %3.0f %% of %s%s, %s", floor(100 * done / (n * iterations)), count(n, "chain"), eta,
                    count(sum(state$divergent), "divergence"))
    running <- utils::head(which(state$iteration > 0 & state$done == 0), 8L)
    at <- lapply(state, `[`, running)
    c(head, sprintf(
      "  chain %d: %s, %.0f of %.0f, step size %.2g, acceptance %.2f, tree depth %.0f%s", number_of(control, running),
      ifelse(at$iteration < control$iter_warmup, "warm-up", "sampling"), at$iteration, iterations, at$step_size,
      at$accept_stat, at$tree_depth, ifelse(at$divergent > 0, sprintf(", %.0f divergent", at$divergent), "")
    ))
  }
}

number_of <- function(control, places) {
  as.integer(if (is.null(control$numbers)) places else control$numbers[places])
}

format_seconds <- function(seconds) {
  if (seconds < 60) return(sprintf("%.0f s", ceiling(seconds)))
  if (seconds < 3600) return(sprintf("%.0f min", ceiling(seconds / 60)))
  sprintf("%.1f h", seconds / 3600)
}
