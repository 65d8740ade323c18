# Random models against plain R: Rscript tools/fuzz-models.R [--models=N] [--seed=N]. A disagreement prints its seed;
# --models=1 --seed=N shows the model again.
suppressMessages(library(reparam))
arguments <- commandArgs(TRUE)
number <- function(name, default) {
  given <- grep(paste0("^--", name, "="), arguments, value = TRUE)
  if (length(given)) as.integer(sub(".*=", "", given[1])) else default
}
folder <- file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])), "../tests/testthat")
for (part in c("plain", "random", "check")) source(file.path(folder, sprintf("helper-%s-models.R", part)))
n <- number("models", 200L)
first <- number("seed", 1L)
failed <- 0L
for (seed in seq(first, length.out = n)) {
  set.seed(seed)
  m <- random_model()
  if (n == 1L) print(m$fn)
  wrong <- tryCatch(c(check_random_model(m), if (seed %% 10L == 0L) check_prior_draws(m)), error = conditionMessage)
  wrong <- setdiff(wrong, "skipped")
  if (length(wrong)) cat(seed, ": ", paste(gsub("\n", " ", wrong), collapse = "; "), "\n", sep = "")
  failed <- failed + (length(wrong) > 0L)
}
cat(sprintf("%d models, %d disagree with plain R\n", n, failed))
quit(status = failed > 0L)
