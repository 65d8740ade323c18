# Log density at values of sites; all latent sites stay.
density_at <- function(m, values = list(), data = list(), reparam = "none") {
  as.numeric(log_density(m, data, values, reparam = reparam, prune = FALSE))
}

coordinates_at <- function(m, values, data = list()) {
  unname(attr(log_density(m, data, values, reparam = "none", prune = FALSE), "unconstrained"))
}

# Nothing that check_reparam() looks at fails, and these checks apply.
expect_identity <- function(m, data = list(), applies = c("gradient", "support", "density", "distribution", "inverse")) {
  result <- check_reparam(m, data)
  wrong <- result$check[!is.na(result$ok) & !result$ok]
  testthat::expect_identical(wrong, character())
  testthat::expect_setequal(result$check[!is.na(result$ok)], applies)
}

# Value of a recorded or computed site when the given auxiliary sites are fixed.
value_when <- function(m, site, ..., data = list()) {
  table <- trace_model(substitute_sites(m, ...), data, seed = 1)
  table$value[[match(site, table$name)]]
}

# What an error or warning of the engine says, on one line.
condition_text <- function(expr) {
  condition <- tryCatch(expr, error = identity, warning = identity)
  gsub("\n", " / ", conditionMessage(condition))
}

mvn_log_density <- function(x, mean, covariance) {
  root <- chol(covariance)
  -sum(backsolve(root, x - mean, transpose = TRUE)^2) / 2 - sum(log(diag(root))) - length(x) / 2 * log(2 * pi)
}
