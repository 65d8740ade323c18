# Effective draws per gradient, this package and rstan, over seeds: Rscript tools/bench-ess.R [--seeds=10]
# [--csv=bench-ess.csv] [case ...]
#
# Both samplers run the same parameterization of the models of tools/bench-models.R, one chain of 1000 draws after 1000
# iterations of warm-up by Stan's schedule with a diagonal metric (`stan`), and this package also by its own defaults
# (`fast`, 400 iterations of warm-up). Gradients are leapfrog steps. A cell is the smallest bulk effective sample size
# of the model's quantities per 1000 gradients, while sampling and with the warm-up's gradients counted; the ratio is of
# medians over seeds. The two diagnose by the same function. Stan's iterations of warm-up are those of its NUTS
# transitions; its step-size searches are not counted, ours are.
#
# Compiled Stan programs are kept in the directory REPARAM_BENCH_CACHE if that is set; the package is taken from
# REPARAM_LIB if that is set.

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))
source(file.path(here, "bench-models.R"))
library_dir <- Sys.getenv("REPARAM_LIB")
if (nzchar(library_dir)) .libPaths(c(library_dir, .libPaths()))
library(reparam)
if (file.exists("/usr/include/boost/version.hpp")) rstan::rstan_options(boost_lib = "/usr/include")

arguments <- commandArgs(TRUE)
option <- function(name, default) {
  given <- grep(paste0("^--", name, "="), arguments, value = TRUE)
  if (length(given)) sub("^[^=]*=", "", given[1]) else default
}
seeds <- seq_len(as.integer(option("seeds", "10")))
csv <- option("csv", "bench-ess.csv")

# Data small enough for many runs of Stan; the parameterization of the Stan program.
small <- list(
  schools = list(), logistic = list(data = function() cases$logistic$data(500, 5)),
  hierarchical = list(data = function() cases$hierarchical$data(500)), catalyst_cured = list(),
  negbin = list(data = function() cases$negbin$data(500)), sir = list(data = function() cases$sir$data(100))
)
chosen <- grep("^--", arguments, value = TRUE, invert = TRUE)
if (!length(chosen)) chosen <- names(small)

smallest_ess <- function(draws) min(reparam:::convergence(draws)[, "ess_bulk"])

program_of <- function(name, code) {
  file <- tempfile(fileext = ".stan")
  writeLines(code, file)
  cache <- Sys.getenv("REPARAM_BENCH_CACHE")
  kept <- file.path(cache, paste0(tools::md5sum(file), ".ess.rds"))
  if (nzchar(cache) && file.exists(kept)) return(readRDS(kept))
  program <- rstan::stan_model(file, model_name = name)
  if (nzchar(cache)) saveRDS(program, kept)
  program
}

row <- function(ess, warmup, sampling) {
  data.frame(sampling = 1000 * ess / sampling, all = 1000 * ess / (warmup + sampling))
}

run_here <- function(case, data, seed, ...) {
  settings <- utils::modifyList(list(adapt_delta = 0.8), case$settings)
  fit <- do.call("fit_nuts", c(
    list(case$model(), data, chains = 1, iter_sampling = 1000, seed = seed, keep = case$sites, ...), settings
  ))
  row(smallest_ess(as.array(fit, case$sites)), fit$adaptation$gradients_warmup, sum(fit$sampler$n_leapfrog))
}

run_stan <- function(case, data, program, seed) {
  if (!is.null(case$stan_data)) data <- case$stan_data(data)
  sites <- if (is.null(case$stan_sites)) case$sites else case$stan_sites
  settings <- utils::modifyList(list(adapt_delta = 0.8), as.list(case$settings["adapt_delta"]))
  fit <- suppressWarnings(rstan::sampling(
    program, data = data, chains = 1, cores = 1, seed = seed, warmup = 1000, iter = 2000, refresh = 0, pars = sites,
    control = settings
  ))
  leapfrogs <- rstan::get_sampler_params(fit, inc_warmup = TRUE)[[1]][, "n_leapfrog__"]
  row(smallest_ess(as.array(fit, pars = sites)), sum(leapfrogs[1:1000]), sum(leapfrogs[1001:2000]))
}

result <- NULL
for (name in chosen) {
  case <- cases[[name]]
  case[names(small[[name]])] <- small[[name]]
  program <- program_of(name, case$stan[[length(case$stan)]])
  set.seed(1)
  data <- case$data()
  rows <- lapply(seeds, function(seed) {
    rbind(
      cbind(program = "rstan", run_stan(case, data, program, seed)),
      cbind(program = "stan", run_here(case, data, seed, warmup = "stan")),
      cbind(program = "fast", run_here(case, data, seed))
    )
  })
  rows <- do.call(rbind, rows)
  medians <- stats::aggregate(cbind(sampling, all) ~ program, rows, stats::median)
  medians <- medians[match(c("rstan", "stan", "fast"), medians$program), ]
  medians$ratio_sampling <- medians$sampling / medians$sampling[1]
  medians$ratio_all <- medians$all / medians$all[1]
  cat("\n", case$what, "\n", sep = "")
  print(medians, digits = 3, row.names = FALSE)
  result <- rbind(result, cbind(case = name, rows))
  utils::write.csv(result, csv, row.names = FALSE)
}
