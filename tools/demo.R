# The catalyst example: a model, two samplers, what one measurement tells. Run by tools/demo.sh.
output <- commandArgs(TRUE)[1]
library(reparam)
library(ggplot2)

decay <- function(cat_0, k_d, dt, n) {
  cat <- numeric(n)
  for (i in seq_len(n)) {
    cat_0 <- cat_0 - dt * k_d * cat_0
    cat[i] <- cat_0
  }
  cat
}
react <- function(a_0, k, cat, dt) {
  a <- numeric(length(cat))
  for (i in seq_along(cat)) {
    a_0 <- a_0 - dt * k * cat[i] * a_0
    a[i] <- a_0
  }
  a
}
reaction <- model(function(a_0, cat_0, dt, n, err, y = NULL) {
  k   ~ lognormal( 0, 1)
  k_d ~ lognormal(-2, 1)
  cat := decay(cat_0, k_d, dt, n)
  a   := react(a_0, k, cat, dt)
  y   ~ lognormal(log(a), err)
})
lab <- list(a_0 = 1, cat_0 = 0.1, dt = 0.01, n = 500, err = 0.05)
y <- rep(NA_real_, 500)
y[101] <- 0.6

cat("\n== Nothing measured: the prior of the reaction\n")
fit <- fit_nuts(reaction, lab, seed = 1)
print(fit)

cat("\n== One measurement, y[101] = 0.6, by NUTS\n")
seen <- fit_nuts(reaction, c(lab, list(y = y)), seed = 1)
print(seen)

cat("\n== The same by SVI\n")
vi <- fit_svi(
  reaction, c(lab, list(y = y)), guide = guide_list(guide_mvn("k", "k_d"), guide_normal()), optim = optim_adam(0.01),
  steps = 10000, seed = 1
)
print(vi)

trajectories <- file.path(output, "trajectories.png")
ggsave(trajectories, autoplot(list(NUTS = seen, SVI = vi), "a", "cat", "y"), width = 8, height = 4, dpi = 120)
joint <- rbind(cbind(as.data.frame(seen, c("k", "k_d")), method = "NUTS"),
               cbind(as.data.frame(vi, c("k", "k_d")), method = "SVI")) |>
  ggplot(aes(k, k_d, colour = method)) + geom_density_2d() + scale_y_log10()
densities <- file.path(output, "k-and-k_d.png")
ggsave(densities, joint, width = 5, height = 4, dpi = 120)
cat("\nPlots:\n ", trajectories, "\n ", densities, "\n")
