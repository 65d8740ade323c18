#!/bin/sh
# Runs the R tests, the longer ones too, against the package installed in a library: sh tools/rtest.sh library [filter]
set -eu
library=$1
filter=${2:-}
cd "$(dirname "$0")/../tests/testthat"
NOT_CRAN=true R_LIBS="$library${R_LIBS:+:$R_LIBS}" Rscript -e '
  filter <- commandArgs(TRUE)
  results <- testthat::test_dir(
    ".", package = "reparam", load_package = "installed", reporter = "check", stop_on_failure = FALSE,
    filter = if (length(filter)) filter
  )
  table <- as.data.frame(results)
  failed <- sum(table$failed) + sum(table$error)
  passed <- sum(vapply(results, function(test) sum(vapply(test$results, inherits, NA, "expectation_success")), 0L))
  cat(sprintf("R: %d passed, %d failed\n", passed, failed))
  quit(status = failed > 0)
' $filter
