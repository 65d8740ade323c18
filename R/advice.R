# What is wrong with a fit, and the line of code that mends it. An item is list(message, lines).

nuts_advice <- function(fit, worst) {
  trouble <- nuts_trouble(fit, worst)
  general <- if (length(trouble)) list(message = paste(trouble, collapse = "\n! "), lines = nuts_cures(fit, worst))
  drop_null(list(metric_advice(fit), general))
}

# Matrices of the metric that warm-up did not learn; NULL when it did.
metric_advice <- function(fit) {
  missing <- fit$adaptation$matrices_missing
  if (is.null(missing) || !any(missing > 0)) return(NULL)
  what <- if (fit$control$metric == "blocks") "A block of the metric" else sprintf("The %s metric", fit$control$metric)
  where <- sprintf("%s kept variances only in %d of %s", what, sum(missing > 0), count(length(missing), "chain"))
  wanted <- max(fit$adaptation$warmup_wanted)
  if (fit$control$iter_warmup < wanted) {
    return(list(message = paste0(where, ": warm-up was too short for so many coordinates."),
                lines = c("Warm up longer:", paste0("  ", fit_line(fit, set = list(iter_warmup = wanted))))))
  }
  list(message = paste0(where, ": more than 10 % of the draws that it is learnt from diverged."),
       lines = c("Take smaller steps:", paste0("  ", fit_line(fit, set = list(adapt_delta = higher_delta(fit))))))
}

higher_delta <- function(fit) if (fit$control$adapt_delta < 0.95) 0.95 else 0.99

nuts_trouble <- function(fit, worst) {
  s <- fit$sampler
  n <- length(s$lp)
  chains <- ncol(s$lp)
  sampled <- n_coordinates(fit) > 0L
  saturated <- if (sampled) sum(s$tree_depth >= fit$control$max_treedepth) else 0
  divergent <- if (sampled) sum(s$divergent) else 0
  bfmi <- if (sampled) min(e_bfmi(s$energy)) else NA
  c(
    if (isTRUE(worst$rhat > 1.01)) {
      sprintf("R-hat is %s for `%s`: the chains %s.", format_rhat(worst$rhat), names(worst$rhat),
              if (worst$rhat > 1.05) "disagree, do not use these draws" else "have not mixed fully")
    },
    if (isTRUE(worst$ess < 100 * chains)) {
      sprintf("Only %.0f effective draws (bulk or tail) of `%s` out of %d.", worst$ess, names(worst$ess), n)
    },
    if (saturated > 0.01 * n) {
      sprintf("%.0f %% of the trajectories stopped at max_treedepth = %.0f; step size %s.", 100 * saturated / n,
              fit$control$max_treedepth, format(mean(s$step_size), digits = 2))
    },
    if (divergent > 0) {
      sprintf("%s: the step size is too large for some part of the posterior, which the draws miss.",
              count(divergent, "divergence"))
    },
    if (isTRUE(bfmi < 0.3)) sprintf("E-BFMI is %.2f: the energy is explored slowly.", bfmi)
  )
}

# The first that applies: an argument out of its range, then geometry (decenter, prune, heavy tails, a dense metric),
# then the sampler's own settings.
nuts_cures <- function(fit, worst) {
  geometry <- list(geometry_cure, tails_cure, metric_cure)
  for (cure in c(range_cure, geometry, step_cure, depth_cure, mode_cure, longer_cure)) {
    lines <- cure(fit, worst)
    if (length(lines)) return(lines)
  }
}

range_cure <- function(fit, worst) {
  if (!sum(fit$sampler$divergent)) return()
  outside <- arguments_outside(fit$spec)
  lines <- lapply(names(outside), function(name) {
    argument <- outside[[name]]
    unit <- argument$name %in% unit_arguments
    c(
      sprintf("`%s` of `%s` must be %s, but nothing keeps `%s` there. Take a prior that does, for example",
              argument$name, name, if (unit) "between 0 and 1" else "positive", argument$site),
      sprintf("  %s ~ %s", argument$left, if (unit) "beta(1, 1)" else "half_normal(1)")
    )
  })
  unlist(lines)
}

geometry_cure <- function(fit, worst) {
  sites <- decenter_candidates(fit)
  barren <- if (isFALSE(fit$control$prune)) barren_sites(fit)
  c(
    if (length(sites$targets)) {
      verbs <- paste0(site_argument_name(sites$all), " = decenter()", collapse = ", ")
      depends <- sprintf("The scale or location of %s depends on other latent sites. Decenter:",
                         quote_names(sites$targets))
      c(depends, paste0("  ", fit_line(fit, sprintf(" |> reparam(%s)", verbs), drop = "reparam")))
    },
    if (length(barren)) {
      drawn <- sprintf("No data depend on %s. Leave `prune = TRUE` and they are drawn directly:", quote_names(barren))
      c(drawn, paste0("  ", fit_line(fit, drop = c("prune", "reparam"))))
    }
  )
}

# Where the data leave the tails open the energy is explored slowly, and normals of random scale have light tails.
tails_cure <- function(fit, worst) {
  if (!isTRUE(min(e_bfmi(fit$sampler$energy)) < 0.5)) return()
  families <- statement_families(fit$spec)
  sites <- intersect(names(families)[families %in% c("student_t", "cauchy")], sites_as_they_stand(fit))
  if (!length(sites)) return()
  verbs <- paste0(site_argument_name(sites), " = list(reparam_student_t(), reparam_loc_scale(0))", collapse = ", ")
  c(sprintf("The tails of %s are heavy. Draw normals with a random scale instead:", quote_names(sites)),
    paste0("  ", fit_line(fit, sprintf(" |> reparam(%s)", verbs), drop = "reparam")))
}

metric_cure <- function(fit, worst) {
  groups <- correlated_sites(fit)
  if (!length(groups)) return()
  names <- quote_names(unlist(groups))
  everything <- setequal(unlist(groups), coordinate_sites(fit)) && length(groups) == 1L
  metric <- if (everything) "dense" else if (length(unlist(groups)) > 12L) "lowrank" else str2lang(deparse1(groups))
  c(sprintf("The draws of %s are strongly correlated. Take a metric that knows it:", names),
    paste0("  ", fit_line(fit, set = list(metric = metric))))
}

step_cure <- function(fit, worst) {
  if (!sum(fit$sampler$divergent) || fit$control$adapt_delta >= 0.99) return()
  c("Take smaller steps:", paste0("  ", fit_line(fit, set = list(adapt_delta = higher_delta(fit)))))
}

depth_cure <- function(fit, worst) {
  if (mean(fit$sampler$tree_depth >= fit$control$max_treedepth) <= 0.01) return()
  if (identical(fit$control$metric, "unit")) {
    return(c("Take a metric that brings the sites to a common scale:", paste0("  ", fit_line(fit, drop = "metric"))))
  }
  deeper <- max(10, fit$control$max_treedepth + 2)
  c("Allow longer trajectories, or bring the sites to a common scale:",
    paste0("  ", fit_line(fit, set = list(max_treedepth = deeper))))
}

# Each chain agrees with itself, but not with the others.
mode_cure <- function(fit, worst) {
  if (!isTRUE(worst$rhat > 1.2)) return()
  x <- as.array(fit, site_of_variable(names(worst$rhat)))[, , names(worst$rhat), drop = FALSE]
  within <- vapply(seq_len(ncol(x)), function(k) convergence(x[, k, , drop = FALSE])[, "rhat"], 0)
  if (!isTRUE(max(within) < 1.05)) return()
  c("Every chain stays at a place of its own: there are several modes, which longer chains will not join.",
    "If elements can exchange their names, as the parts of a mixture can, put them in order, for example",
    "  mu[1:2] ~ ordered(normal(0, 5))",
    "Otherwise look at where they are and decide by the prior, or by where chains start (`init = `):",
    sprintf("  plot(fit, \"%s\", type = \"trace\")", site_of_variable(names(worst$rhat))))
}

longer_cure <- function(fit, worst) {
  n <- fit$control$iter_sampling
  if (!isTRUE(worst$rhat > 1.05) && is.null(fit$seeds)) {
    return(c("Draw longer, from where the chains are:", sprintf("  fit <- fit_nuts(fit, iter = %.0f)", 3 * n)))
  }
  longer <- list(iter_warmup = 2 * fit$control$iter_warmup, iter_sampling = 4 * n)
  c("Draw longer:", paste0("  ", fit_line(fit, set = longer)))
}

svi_advice <- function(fit, loss) {
  if (isTRUE(fit$converged) && isTRUE(fit$khat >= 0.7)) {
    return(list(list(message = "The guide has converged, but is no good picture of the posterior.",
                     lines = c("Take a richer guide, `guide_mvn()` for example, or sample:",
                               paste0("  ", nuts_line(fit))))))
  }
  if (isTRUE(fit$converged)) return(list())
  if (!is.finite(loss[["last"]])) {
    smaller <- fit$control$optim$lr / 10
    return(list(list(message = "The loss is not finite at the end.",
                     lines = sprintf("Take smaller steps: `optim = optim_%s(%s)`.",
                                     fit$control$optim$kind, format(smaller)))))
  }
  n <- length(fit$loss)
  if (n < 200L) return(list())
  # Still falling: the last fifth lies below the fifth before by more than three standard errors of their difference.
  fifth <- floor(n / 5)
  late <- fit$loss[(n - fifth + 1L):n]
  before <- fit$loss[(n - 2L * fifth + 1L):(n - fifth)]
  fall <- mean(before) - mean(late)
  error <- sqrt((stats::var(before) + stats::var(late)) / fifth)
  if (!isTRUE(fall > 3 * error + 0.01)) return(list())
  list(list(message = sprintf("The loss was still falling, by %s over the last fifth of the steps.",
                              format(fall, digits = 2)),
            lines = paste0("Take more steps: ", fit_line(fit, set = list(steps = 4 * fit$control$steps)))))
}

nuts_line <- function(fit) {
  dropped <- c("guide", "optim", "steps", "particles", "alpha", "anneal", "path_derivative", "tolerance",
               "max_steps", "draws", "elbo_draws")
  sub("fit_svi(", "fit_nuts(", fit_line(fit, drop = dropped), fixed = TRUE)
}

# The user's call again, with a verb after the model, arguments left out or set. A model that was written into the call
# is taken from the fit.
fit_line <- function(fit, verb = "", drop = character(), set = list()) {
  call <- as.list(fit$call)
  subject <- if (is.null(call$model)) "." else call_text(call$model, 60L)
  if (grepl(" ...", subject, fixed = TRUE) || grepl("function", subject, fixed = TRUE) || subject == ".") {
    subject <- if (is.null(fit$model)) "model" else "fit$model"
  }
  arguments <- call[setdiff(names(call)[-1], c("model", drop, names(set)))]
  arguments <- c(arguments, set)
  first <- if (nzchar(verb)) character() else subject
  texts <- vapply(names(arguments), function(name) {
    text <- call_text(arguments[[name]], 60L)
    if (name == "data") text else paste(name, "=", text)
  }, "")
  fitted <- sprintf("%s(%s)", as.character(call[[1]]), paste(c(first, texts), collapse = ", "))
  if (nzchar(verb)) paste0(subject, verb, " |> ", fitted) else fitted
}

site_argument_name <- function(x) {
  ifelse(make.names(x) == x, x, paste0("`", x, "`"))
}

# ---- which sites depend on which -------------------------------------------------------------------------------------

# Sites that are sampled as they stand and that decenter() applies to. Targets: those whose distribution depends on
# other latent sites. All: targets and the candidates above them, so that the whole hierarchy is in standard units.
decenter_candidates <- function(fit) {
  families <- statement_families(fit$spec)
  candidates <- intersect(names(families)[families %in% decenterable_families], sites_as_they_stand(fit))
  parents <- site_parents(fit$spec)
  latent <- site_field(fit, "name")[!site_field(fit, "kind") %in% c("observed", "recorded", "param", "factor")]
  targets <- candidates[vapply(candidates, function(name) any(setdiff(parents[[name]], name) %in% latent), NA)]
  above <- ancestors(parents, targets)
  list(targets = targets, all = intersect(candidates, c(targets, above)))
}

sites_as_they_stand <- function(fit) {
  as_it_stands <- site_field(fit, "name")[site_field(fit, "kind") %in% c("latent", "partial")]
  intersect(as_it_stands, sub("\\[.*", "", fit$unconstrained_names))
}

decenterable_families <- c(
  "normal", "lognormal", "student_t", "cauchy", "laplace", "logistic", "gumbel", "stable"
)

# Latent sites without a path to data or to a log_factor().
barren_sites <- function(fit) {
  parents <- site_parents(fit$spec)
  roots <- c(
    names(parents)[vapply(names(parents), function(name) has_data(fit, name), NA)], attr(parents, "factors")
  )
  latent <- unique(site_field(fit, "name")[site_field(fit, "kind") %in% c("latent", "reparameterized", "partial")])
  setdiff(intersect(latent, names(parents)), c(roots, ancestors(parents, roots)))
}

has_data <- function(fit, name) {
  name %in% site_field(fit, "name") && !is.null(observed_values(fit, name))
}

ancestors <- function(parents, sites) {
  found <- character()
  queue <- sites
  while (length(queue)) {
    queue <- setdiff(unlist(parents[queue]), found)
    found <- c(found, queue)
  }
  found
}

statement_families <- function(spec) {
  drawn <- Filter(function(statement) identical(statement$kind, "draw"), spec$statements)
  families <- vapply(drawn, function(statement) innermost_family(statement$dist), "")
  names(families) <- vapply(drawn, `[[`, "", "name")
  families[!duplicated(names(families))]
}

innermost_family <- function(dist) {
  while (!is.null(dist$base)) dist <- dist$base
  dist$family
}

# Named list: drawn site -> names of the sites on which its distribution depends directly. The attribute "factors"
# names those on which a log_factor() depends.
site_parents <- function(spec) {
  names <- vapply(spec$statements, function(statement) if (is.null(statement$name)) "" else statement$name, "")
  kinds <- vapply(spec$statements, `[[`, "", "kind")
  parents <- list()
  for (name in unique(names[kinds == "draw"])) {
    statements <- spec$statements[kinds == "draw" & names == name]
    rows <- unlist(lapply(statements, function(statement) dist_rows(statement$dist)))
    parents[[name]] <- unique(names[sites_below(spec$nodes, rows)])
  }
  rows <- unlist(lapply(spec$statements[kinds == "factor"], `[[`, "node"))
  attr(parents, "factors") <- unique(names[sites_below(spec$nodes, rows)])
  parents
}

dist_rows <- function(dist) {
  c(unlist(dist$args), dist$mask, unlist(lapply(dist$transforms, `[[`, "args")),
    if (!is.null(dist$base)) dist_rows(dist$base))
}

# Positions of the statements whose SITE nodes the rows depend on. Inputs come before the nodes that use them, so one
# pass back over the graph marks all.
sites_below <- function(nodes, rows) {
  needed <- logical(length(nodes$op))
  needed[rows] <- TRUE
  start <- c(0L, nodes$input_end)
  for (i in rev(seq_len(max(0L, rows)))) {
    if (needed[i] && start[i + 1L] > start[i]) needed[nodes$input[(start[i] + 1L):start[i + 1L]]] <- TRUE
  }
  found <- which(needed & nodes$op == "site")
  as.integer(nodes$number[nodes$number_end[found]])
}

# ---- arguments that are sites ----------------------------------------------------------------------------------------

positive_arguments <- c("sd", "scale", "rate", "shape", "df", "concentration")
unit_arguments <- "prob"
real_families <- c("normal", "student_t", "cauchy", "laplace", "logistic", "gumbel", "improper_uniform")

# Named list: drawn site -> list(name, site, left side of its statement) of an argument that must be positive (between 0
# and 1) and is a site with a distribution on the real line, no function of it.
arguments_outside <- function(spec) {
  families <- vapply(spec$statements, function(s) if (identical(s$kind, "draw")) s$dist$family else "", "")
  found <- list()
  for (statement in spec$statements[nzchar(families)]) {
    args <- statement$dist$args
    for (name in intersect(names(args), c(positive_arguments, unit_arguments))) {
      site <- site_behind(spec$nodes, args[[name]])
      if (is.null(site) || !families[site] %in% real_families) next
      site <- spec$statements[[site]]
      left <- if (grepl("~", site$call, fixed = TRUE)) sub(" *~.*", "", site$call) else site_argument_name(site$name)
      found[[statement$name]] <- list(name = name, site = site$name, left = left)
    }
  }
  found
}

# The statement whose SITE this row shows, in part or repeated; NULL for anything else.
site_behind <- function(nodes, row) {
  while (nodes$op[row] %in% c("broadcast", "slice", "gather")) row <- nodes$input[c(0L, nodes$input_end)[row] + 1L]
  if (nodes$op[row] == "site") as.integer(nodes$number[nodes$number_end[row]])
}
