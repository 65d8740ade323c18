# Fits that are stopped and go on, in this R and in others.
resumable <- model(function(sigma, y) {
  mu ~ normal(0, 5)
  tau ~ half_cauchy(5)
  theta[1:8] ~ normal(mu, tau)
  y ~ normal(theta, sigma)
  later ~ normal(mu, 1)
})
resumable_data <- list(sigma = c(15, 10, 16, 11, 9, 11, 10, 18), y = c(28, 8, -3, 7, -1, 1, 18, 12))
# The centering of theta is adapted, and `later` is drawn ancestrally.
schools_fit <- function(..., chains = 2, iter_warmup = 150, iter_sampling = 200, seed = 1) {
  fit_nuts(resumable, resumable_data, chains = chains, iter_warmup = iter_warmup, iter_sampling = iter_sampling, seed = seed, ...)
}
expect_same_fit <- function(a, b) {
  same <- c("draws", "unconstrained", "sampler", "adaptation", "centering", "warmup", "chains")
  for (part in same) expect_identical(a[[part]], b[[part]])
}

write_script <- function(lines) {
  script <- tempfile(fileext = ".R")
  writeLines(c(
    sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")), "library(reparam)",
    paste("resumable <- model(", paste(deparse(resumable$fn), collapse = "\n"), ")"),
    paste("resumable_data <-", paste(deparse(resumable_data), collapse = "")), lines
  ), script)
  script
}
rscript <- file.path(R.home("bin"), "Rscript")
run_script <- function(lines) system2(rscript, write_script(lines), stdout = TRUE, stderr = TRUE)

# Runs the lines in another R until `ready()`, then sends it a signal.
signal_script <- function(lines, signal, ready) {
  pid <- tempfile()
  script <- write_script(c(sprintf("writeLines(as.character(Sys.getpid()), %s)", deparse(pid)), lines))
  system2(rscript, script, wait = FALSE, stdout = FALSE, stderr = FALSE)
  wait_until(ready)
  tools::pskill(as.integer(readLines(pid)), signal)
}
wait_until <- function(ready, seconds = 60) {
  for (i in seq_len(20 * seconds)) {
    if (isTRUE(ready())) return(invisible())
    Sys.sleep(0.05)
  }
  stop("waited in vain")
}

iterations_saved <- function(file) {
  if (file.exists(file)) min(iterations_done(readRDS(file)$past)) else 0
}
