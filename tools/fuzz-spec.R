# A fuzzer of the spec decoder: Rscript tools/fuzz-spec.R [--minutes=10] [--first=1] [--log=fuzz-spec.log] [--gctorture]
#
# Broken specs (tests/testthat/helper-fuzz.R) go through the public functions in a process of their own, which writes
# each seed to the log before it begins. A finding is a process that died or that took more than a minute for one spec;
# it is reported with its seed, and the next process goes on after it. Errors of R that are not the package's own are
# counted and shown. To see one spec again: Rscript tools/fuzz-spec.R --seed=123.
#
# The package is taken from REPARAM_LIB if that is set. Linux: a process may have 4 GB.

arguments <- commandArgs(TRUE)
option <- function(name, default) {
  given <- grep(paste0("^--", name, "="), arguments, value = TRUE)
  if (length(given)) sub("^[^=]*=", "", given[1]) else default
}
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
library_dir <- Sys.getenv("REPARAM_LIB")
if (nzchar(library_dir)) .libPaths(c(library_dir, .libPaths()))
log_file <- option("log", "fuzz-spec.log")
torture <- "--gctorture" %in% arguments

prepare <- function() {
  suppressMessages(library(reparam))
  source(file.path(dirname(script), "..", "tests", "testthat", "helper-fuzz.R"))
  fuzz_specs()
}

# A line "seed N" before each spec, "foreign MESSAGE" after an error that is not the package's.
work <- function(first, seconds) {
  specs <- prepare()
  if (torture) gctorture2(step = 200, inhibit_release = FALSE)
  end <- Sys.time() + seconds
  seed <- first
  log <- file(log_file, "a")
  while (Sys.time() < end) {
    cat("seed", seed, "\n", file = log)
    flush(log)
    outcome <- fuzz_outcome(seed, specs)
    foreign <- !grepl("^(value|reparam_)", outcome)
    if (foreign) cat("foreign", attr(outcome, "use"), gsub("\n", " ", outcome), "\n", file = log)
    cat("outcome", sub(":.*", "", gsub("\n", " ", outcome)), "\n", file = log)
    seed <- seed + 1
  }
  cat("end", seed, "\n", file = log)
}

if (nzchar(option("seed", ""))) {
  seed <- as.integer(option("seed", ""))
  specs <- prepare()
  set.seed(seed)
  utils::str(fuzz_spec(specs), list.len = 200)
  print(fuzz_outcome(seed, specs))
} else if ("--work" %in% arguments) {
  work(as.integer(option("first", "1")), as.numeric(option("seconds", "600")))
} else {
  end <- Sys.time() + 60 * as.numeric(option("minutes", "10"))
  first <- as.integer(option("first", "1"))
  findings <- character()
  unlink(log_file)
  file.create(log_file)
  last_seed <- function() {
    lines <- grep("^seed", readLines(log_file, warn = FALSE), value = TRUE)
    if (length(lines)) as.integer(strsplit(lines[length(lines)], " ")[[1]][2]) else first
  }
  while (Sys.time() < end && length(findings) < 20) {
    left <- as.numeric(difftime(end, Sys.time(), units = "secs"))
    limit <- if (torture) 600 else 60
    error_file <- paste0(log_file, ".stderr")
    command <- sprintf(
      "ulimit -v 4000000; exec %s %s --work --first=%d --seconds=%.0f --log=%s %s > /dev/null 2> %s",
      shQuote(file.path(R.home("bin"), "Rscript")), shQuote(script), first, left, shQuote(log_file),
      if (torture) "--gctorture" else "", shQuote(error_file)
    )
    system(sprintf("sh -c %s & echo $! > %s.pid", shQuote(command), shQuote(log_file)))
    pid <- readLines(paste0(log_file, ".pid"))
    running <- function() tools::pskill(as.integer(pid), 0)
    hung <- FALSE
    while (running()) {
      Sys.sleep(1)
      if (as.numeric(difftime(Sys.time(), file.mtime(log_file), units = "secs")) > limit) {
        hung <- TRUE
        tools::pskill(as.integer(pid), tools::SIGKILL)
      }
    }
    lines <- readLines(log_file, warn = FALSE)
    if (any(grepl("^end", utils::tail(lines, 1)))) break
    seed <- last_seed()
    said <- utils::tail(readLines(error_file, warn = FALSE), 3)
    why <- if (hung) "hung" else paste("died:", paste(said, collapse = " | "))
    findings <- c(findings, sprintf("seed %d %s", seed, why))
    cat(findings[length(findings)], "\n")
    first <- seed + 1L
    cat("finding", seed, "\n", file = log_file, append = TRUE)
  }
  lines <- readLines(log_file, warn = FALSE)
  cat(sum(grepl("^seed", lines)), "specs,", length(findings), "findings\n")
  print(table(sub("^outcome ", "", grep("^outcome", lines, value = TRUE))))
  foreign <- sub("^foreign ", "", grep("^foreign", lines, value = TRUE))
  if (length(foreign)) {
    cat("Errors that are not the package's own:\n")
    print(utils::head(sort(table(substr(foreign, 1, 160)), decreasing = TRUE), 40))
  }
  quit(status = if (length(findings)) 1 else 0)
}
