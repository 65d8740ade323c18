test_that("summary() is right, variable by variable", {
  fit <- mock_nuts(iterations = 100L)
  table <- summary(fit, c("k", "a"))
  expect_s3_class(table, "reparam_summary")
  expect_named(table, c("variable", "mean", "sd", "q5", "q50", "q95", "mcse_mean", "rhat", "ess_bulk", "ess_tail"))
  expect_equal(table$variable, c("k", "a[1]", "a[2]", "a[3]", "a[4]"))
  x <- as.vector(fit$draws$a[, , 3])
  row <- table[table$variable == "a[3]", ]
  expect_equal(c(row$mean, row$sd, row$q5, row$q50, row$q95),
               c(mean(x), sd(x), unname(quantile(x, c(0.05, 0.5, 0.95)))), tolerance = 1e-12)
  expect_named(summary(fit, "k", probs = c(0.025, 0.975)),
               c("variable", "mean", "sd", "q2.5", "q97.5", "mcse_mean", "rhat", "ess_bulk", "ess_tail"))
  expect_error(summary(fit, probs = 2), "between 0 and 1")
  expect_error(summary(fit, "k", level = 0.5), "level")
  skip_if_not_installed("posterior")
  expect_equal(row$rhat, posterior::rhat(fit$draws$a[, , 3]), tolerance = 1e-10)
})

test_that("a healthy fit prints sites and sampler, and no advice", {
  fit <- mock_nuts(iterations = 500L)
  text <- capture.output(print(fit))
  expect_match(text[1], "NUTS: 4 chains x 500 draws")
  expect_true(any(grepl("^k ", text)) && any(grepl("^k_d ", text)))
  expect_true(any(grepl("^a\\[4\\]  mean .* to .*rhat <= 1\\.0", text)))
  sampler <- "step size 0.5; tree depth mean 3.0, max 3; acceptance 0.90; 0 divergences"
  expect_match(gsub(" +", " ", paste(text, collapse = " ")), sampler, fixed = TRUE)
  expect_lte(max(nchar(text)), getOption("width"))
  expect_false(any(grepl("^!", text)))
})

test_that("sites that left the sampler are named, also behind a reparameterizer", {
  fit <- mock_nuts()
  expect_length(ancestral_sites(fit), 0)
  fit$sites[[1]]$kind <- "reparameterized"
  base <- mock_site("k_base", "ancestral", auxiliary = TRUE)
  base$original <- "k"
  fit$sites <- c(fit$sites, list(base))
  fit$sites[[4]]$kind <- "ancestral"
  expect_equal(ancestral_sites(fit), c("k", "y"))
  expect_match(capture.output(print(fit)), "No data depend on `k`, `y`: drawn directly", all = FALSE)
  fit$sites[[5]]$kind <- "latent"
  expect_equal(ancestral_sites(fit), "y")
})

test_that("the raw narrow site: the fit says what is wrong and gives the line that mends it", {
  fit <- mock_nuts(
    shift = 1, sampler = list(tree_depth = 10, step_size = 0.002), control = list(prune = FALSE),
    call = quote(fit_nuts(model = reaction, data = lab, reparam = "none", prune = FALSE, seed = 1))
  )
  text <- capture.output(print(fit))
  expect_match(text, "^! R-hat is [0-9.]+ for `k`: the chains disagree", all = FALSE)
  saturated <- "100 % of the trajectories stopped at max_treedepth = 10; step size 0.002"
  expect_match(text, saturated, all = FALSE, fixed = TRUE)
  expect_match(text, "Only [0-9]+ effective draws .bulk or tail. of `k` out of 800", all = FALSE)
  cure <- paste(
    "reaction |> reparam(k = decenter(), k_d = decenter(), y = decenter()) |>",
    "fit_nuts(lab, prune = FALSE, seed = 1)"
  )
  expect_match(text, cure, all = FALSE, fixed = TRUE)
  expect_match(text, "No data depend on `k`, `k_d`, `y`.", all = FALSE, fixed = TRUE)
  expect_match(text, "fit_nuts(reaction, lab, seed = 1)", all = FALSE, fixed = TRUE)
})

test_that("with data on y only the rest is barren", {
  fit <- mock_nuts(y = c(0.5, NA, NA, NA), control = list(prune = FALSE))
  expect_equal(barren_sites(fit), character())
  fit <- mock_nuts(control = list(prune = FALSE))
  expect_equal(barren_sites(fit), c("k", "k_d", "y"))
  fit$spec$statements[[5]] <- list(kind = "factor", name = "f", node = 3L)
  expect_equal(barren_sites(fit), c("k_d", "y"))
})

test_that("a partly observed site without coordinates of its own is not to be decentered", {
  fit <- mock_nuts(y = c(0.5, NA, NA, NA), shift = 1)
  expect_equal(decenter_candidates(fit)$targets, "y")
  fit$unconstrained_names <- c("k", "k_d")
  expect_length(decenter_candidates(fit)$all, 0)
})

test_that("without a site to decenter the sampler's settings are advised", {
  one_site <- function(...) {
    fit <- mock_nuts(y_kind = "reparameterized", iterations = 500L, ...)
    fit$sites$y$kind <- "reparameterized"
    capture.output(print(fit))
  }
  smaller <- "fit_nuts(reaction, lab, seed = 1, adapt_delta = 0.95)"
  expect_match(one_site(sampler = list(divergent = c(1, rep(0, 499)))), smaller, all = FALSE, fixed = TRUE)
  expect_match(one_site(sampler = list(tree_depth = 10)), "max_treedepth = 12", all = FALSE, fixed = TRUE)
  expect_match(one_site(shift = 0.5), "iter_warmup = 2000, iter_sampling = 2000", all = FALSE, fixed = TRUE)
  expect_match(one_site(sampler = list(energy = cumsum(rnorm(2000)))), "E-BFMI is 0", all = FALSE, fixed = TRUE)
})

test_that("a fit by SVI prints its first loss and the average of the last 5 %", {
  fit <- mock_svi(loss = c(10, rep(4, 900), rep(2, 99)))
  text <- capture.output(print(fit))
  expect_match(text, "SVI: guide_normal(), adam, 1000 steps", all = FALSE, fixed = TRUE)
  expect_match(text, "first loss 10, average of the last 5 % 2", all = FALSE, fixed = TRUE)
  expect_match(text, "ELBO -3 (Monte Carlo error 0.01)", all = FALSE, fixed = TRUE)
  expect_match(text, "still falling", all = FALSE)
  expect_match(text, "fit_svi(reaction, lab, steps = 4000)", all = FALSE, fixed = TRUE)
  expect_false(any(grepl("^!", capture.output(print(mock_svi(rnorm(1000)))))))
  expect_false("rhat" %in% names(summary(fit)))
})

test_that("advice names the model only when it has a short name", {
  expect_equal(fit_line(list(call = quote(fit_nuts(model = model(function(x) x), data = d)))), "fit_nuts(model, d)")
  piped <- list(call = quote(fit_nuts(model = ., data = d)))
  expect_equal(fit_line(piped, " |> block(\"a\")"), "model |> block(\"a\") |> fit_nuts(d)")
  big <- as.call(list(quote(fit_nuts), model = quote(m), data = list(y = 1:3)))
  expect_equal(fit_line(list(call = plain_fit_call(big, "fit_nuts"))), "fit_nuts(m, data)")
})
