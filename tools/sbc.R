# Simulation-based calibration: Rscript tools/sbc.R [--seeds=1,2,3] [--replications=1000] [--bins=20] [--cores=1]
# [--csv=sbc-ranks] [case ...]
#
# For each model of tests/testthat/helper-sbc.R: the p-values that the ranks of the true values are uniform, a quantity
# each. With the level .01 divided by the number of all tests, every one of them has to be larger, but centered eight
# schools has to fail with p < 1e-4. --csv=NAME keeps the ranks in NAME-case-seed.csv. The package is taken from
# REPARAM_LIB if that is set.

arguments <- commandArgs(TRUE)
option <- function(name, default) {
  given <- grep(paste0("^--", name, "="), arguments, value = TRUE)
  if (length(given)) sub("^[^=]*=", "", given[1]) else default
}
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
library_dir <- Sys.getenv("REPARAM_LIB")
if (nzchar(library_dir)) .libPaths(c(library_dir, .libPaths()))
library(reparam)
convergence <- getFromNamespace("convergence", "reparam")
source(file.path(dirname(script), "..", "tests", "testthat", "helper-sbc.R"))

seeds <- as.integer(strsplit(option("seeds", "1,2,3"), ",")[[1]])
replications <- as.integer(option("replications", "1000"))
bins <- as.integer(option("bins", "20"))
cores <- as.integer(option("cores", "1"))
csv <- option("csv", "")
chosen <- grep("^--", arguments, value = TRUE, invert = TRUE)
if (!length(chosen)) chosen <- names(sbc_cases)

# Replications are independent of how they are spread over processes.
ranks_of <- function(case, seed) {
  pieces <- split(seq_len(replications), cut(seq_len(replications), max(2, cores), labels = FALSE))
  parts <- parallel::mclapply(pieces, function(piece) sbc_ranks(case, length(piece), seed, piece[1]), mc.cores = cores)
  do.call(rbind, parts)
}

rows <- list()
for (seed in seeds) {
  for (name in chosen) {
    time <- system.time(ranks <- ranks_of(sbc_cases[[name]], seed))[[3]]
    if (nzchar(csv)) utils::write.csv(ranks, sprintf("%s-%s-%d.csv", csv, name, seed), row.names = FALSE)
    p <- sbc_p_values(ranks, bins)
    fails <- isTRUE(sbc_cases[[name]]$fails)
    rows[[length(rows) + 1]] <- data.frame(
      case = name, seed = seed, tests = length(p), smallest = min(p), of = names(p)[which.min(p)], fails = fails,
      seconds = time
    )
    cat(sprintf("%s, seed %d, %d replications, %.0f s\n", name, seed, replications, time))
    print(signif(p, 3))
  }
}
table <- do.call(rbind, rows)
level <- 0.01 / sum(table$tests[!table$fails])
table$holds <- ifelse(table$fails, table$smallest < 1e-4, table$smallest > level)
options(width = 120)
cat(sprintf("\nlevel %.2g for each of %d tests\n", level, sum(table$tests[!table$fails])))
print(table, digits = 3, row.names = FALSE)
if (!all(table$holds)) quit(status = 1)
