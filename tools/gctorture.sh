#!/bin/sh
# The entry points under gctorture2, which collects garbage at every so many allocations, so that a value that nothing
# protects is gone when it is used: sh tools/gctorture.sh [LIBRARY] [STEP]
# A step of 1 (every allocation) takes an hour; the default is 20, a few minutes. LIBRARY has the installed package.
set -eu
cd "$(dirname "$0")/.."
library=${1:-}
step=${2:-20}
R_LIBS="$library${R_LIBS:+:$R_LIBS}" Rscript - "$step" <<'R'
library(reparam)
source("tests/testthat/helper-fuzz.R")
step <- as.integer(commandArgs(TRUE)[1])
models <- fuzz_models()
specs <- fuzz_specs()
# Loads what is loaded once.
for (use in fuzz_uses) suppressWarnings(try(use(specs[[1]]), silent = TRUE))
for (name in names(models)) {
  gctorture2(step, inhibit_release = TRUE)
  spec <- suppressWarnings(model_spec(models[[name]][[1]], models[[name]][[2]]))
  traced <- identical(unclass(spec), unclass(specs[[name]]))
  gctorture2(0)
  cat(name, "traced", if (traced) "alike\n" else "DIFFERENTLY\n")
  stopifnot(traced)
  for (use in names(fuzz_uses)) {
    run <- function() suppressWarnings(tryCatch(fuzz_uses[[use]](spec), error = conditionMessage))
    want <- run()
    gctorture2(step, inhibit_release = TRUE)
    got <- run()
    gctorture2(0)
    # of a fit all but its times
    if (inherits(want, "reparam_fit")) {
      parts <- c("sites", "draws", "unconstrained", "unconstrained_names", "sampler", "loss", "guide")
      want <- unclass(want)[parts]
      got <- unclass(got)[parts]
    }
    same <- isTRUE(all.equal(got, want))
    cat(name, use, if (same) "alike\n" else "DIFFERENTLY\n")
    stopifnot(same)
  }
}
cat("gctorture: nothing found\n")
R
