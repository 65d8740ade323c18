# Posteriors of posteriordb under several settings and seeds: Rscript tools/posteriordb.R [--seeds=10] [name ...]
#
# Prints, for each posterior and setting, the worst differences over seeds and how many of all comparisons are outside
# the tolerance (tests/testthat/helper-posteriordb.R): with 4 standard errors, about 1 in 16,000 is by chance alone, and
# more for quantiles, whose reference has its own noise.
#
# --data=FOLDER makes tests/testthat/posteriordb.rds from a folder of JSON files instead (needs jsonlite). The package
# is taken from REPARAM_LIB if that is set.

arguments <- commandArgs(TRUE)
option <- function(name, default) {
  given <- grep(paste0("^--", name, "="), arguments, value = TRUE)
  if (length(given)) sub("^[^=]*=", "", given[1]) else default
}
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
tests <- file.path(dirname(script), "..", "tests", "testthat")
library_dir <- Sys.getenv("REPARAM_LIB")
if (nzchar(library_dir)) .libPaths(c(library_dir, .libPaths()))
library(reparam)
for (internal in c("convergence", "mcse_mean", "rhat_rank")) assign(internal, getFromNamespace(internal, "reparam"))
source(file.path(tests, "helper-posteriordb.R"))

folder <- option("data", "")
if (nzchar(folder)) {
  files <- file.path(folder, paste0(names(posteriordb_models), ".json"))
  posteriors <- lapply(files, function(file) {
    case <- jsonlite::fromJSON(file)
    case$data <- lapply(case$data, function(x) {
      storage.mode(x) <- "double"
      x
    })
    case[c("data", "reference")]
  })
  names(posteriors) <- names(posteriordb_models)
  saveRDS(posteriors, file.path(tests, "posteriordb.rds"), compress = "xz", version = 2)
  quit(status = 0)
}

settings <- list(
  default = list(), `dense, Stan's warm-up` = list(metric = "dense", warmup = "stan"),
  `dense, fast warm-up` = list(metric = "dense"), lowrank = list(metric = "lowrank"),
  `as written` = list(reparam = "none", warmup = "stan")
)
posteriors <- readRDS(file.path(tests, "posteriordb.rds"))
chosen <- grep("^--", arguments, value = TRUE, invert = TRUE)
if (!length(chosen)) chosen <- names(posteriors)
seeds <- seq_len(as.integer(option("seeds", "10")))
options(width = 120)
outside <- total <- 0
for (name in chosen) {
  case <- posteriors[[name]]
  rows <- lapply(names(settings), function(setting) {
    tables <- lapply(seeds, function(seed) {
      fit <- do.call("fit_nuts", c(list(posteriordb_models[[name]], case$data, seed = seed), settings[[setting]]))
      table <- posteriordb_compare(fit, case$reference)
      table$divergent <- sum(fit$sampler$divergent)
      table
    })
    all <- do.call(rbind, tables)
    wrong <- !posteriordb_agrees(all)
    outside <<- outside + sum(wrong)
    total <<- total + length(wrong)
    worst <- function(x) max(abs(x))
    data.frame(
      setting = setting, mean = worst(all$mean), sd = worst(all$sd - 1), q05 = worst(all$q05),
      median = worst(all$median), q95 = worst(all$q95), rhat = max(all$rhat), divergent = max(all$divergent),
      outside = sum(wrong), of = length(wrong)
    )
  })
  cat("\n", name, "\n", sep = "")
  print(do.call(rbind, rows), digits = 3, row.names = FALSE)
}
cat("\n", outside, " of ", total, " quantities outside the tolerance\n", sep = "")
