# What plot() and autoplot() draw, as data frames; a list of fits adds the column `fit`.

plot_types <- c("auto", "trajectory", "intervals", "density", "trace", "pairs", "loss")

# A list of fits with names, whatever was given.
as_fits <- function(x) {
  if (inherits(x, "reparam_fit")) return(list(fit = x))
  if (!length(x) || !all(vapply(x, inherits, NA, "reparam_fit"))) {
    stop_reparam("A list to be plotted must hold fits, and nothing else.", "Write `list(NUTS = fit, SVI = vi)`.")
  }
  if (is.null(names(x))) names(x) <- paste("fit", seq_along(x))
  if (anyDuplicated(names(x))) {
    stop_reparam(sprintf("Two fits of the list are called %s.", quote_names(unique(names(x)[duplicated(names(x))]))),
                 "Each panel needs a name of its own: `list(NUTS = fit, SVI = vi)`.")
  }
  x
}

# Trajectories for arrays, densities for scalars. When no site is named: the loss of fits by SVI, intervals of scalars,
# or trajectories where there are only arrays.
plot_type <- function(type, fits, sites) {
  type <- check_choice(type, "type", plot_types)
  if (type == "loss") check_losses(fits)
  if (type != "auto") return(type)
  if (is.null(sites) && all(vapply(fits, inherits, NA, "reparam_svi"))) return("loss")
  of <- if (is.null(sites)) common_sites(fits) else intersect(sites, site_field(fits[[1]], "name"))
  scalar <- are_scalar(fits[[1]], of)
  if (is.null(sites)) return(if (any(scalar)) "intervals" else "trajectory")
  if (all(scalar)) "density" else "trajectory"
}

# Those of the first fit that all have.
common_sites <- function(fits) {
  common <- Reduce(intersect, lapply(fits, choose_sites))
  if (!length(common)) stop_reparam("The fits have no site in common.", "Plot them one by one.")
  common
}

are_scalar <- function(fit, sites) vapply(sites, function(name) !length(site_dim(fit, name)), NA)

check_losses <- function(fits) {
  without <- !vapply(fits, inherits, NA, "reparam_svi")
  if (any(without)) {
    stop_reparam(sprintf("Only a fit by `fit_svi()` has a loss, but %s is none.", quote_names(names(fits)[without])))
  }
}

plot_sites <- function(fits, sites, type) {
  for (fit in fits) if (!is.null(sites)) choose_sites(fit, sites)
  if (type == "loss") return(sites)
  fit <- fits[[1]]
  if (!is.null(sites) && type != "trajectory") return(sites)
  chosen <- if (is.null(sites)) common_sites(fits) else sites
  scalar <- are_scalar(fit, chosen)
  if (type == "trajectory" && all(scalar)) {
    stop_reparam(sprintf("A trajectory needs an array, but %s %s one number.", quote_names(chosen),
                         if (length(chosen) == 1L) "is" else "are each"), "Use `type = \"density\"`.")
  }
  if (!is.null(sites)) return(sites)
  if (type == "trajectory") chosen[!scalar] else if (any(scalar)) chosen[scalar] else chosen
}

over_fits <- function(fits, f) {
  parts <- Map(function(fit, name) {
    part <- f(fit)
    if (is.null(part) || !nrow(part)) NULL else cbind(fit = name, part)
  }, fits, names(fits))
  data <- do.call(rbind, unname(parts))
  if (is.null(data)) return(NULL)
  data$fit <- factor(data$fit, names(fits))
  if (!is.null(data$site)) data$site <- factor(data$site, unique(data$site))
  if (!is.null(data$variable)) data$variable <- factor(data$variable, unique(data$variable))
  data
}

# Median and interval of each element along the index of the site; scalars are level lines nobody asked for.
trajectory_data <- function(fit, sites, probs) {
  rows <- lapply(sites, function(name) {
    x <- site_draws(fit, name)[[1]]
    size <- dim(x)
    quantiles <- quantile_columns(matrix(x, size[1] * size[2]), c(probs[1], 0.5, probs[2]))
    quantiles <- matrix(quantiles, size[3])
    data.frame(
      site = name, index = seq_len(size[3]), median = quantiles[, 2], lower = quantiles[, 1], upper = quantiles[, 3]
    )
  })
  do.call(rbind, rows)
}

observation_data <- function(fit, sites) {
  rows <- lapply(sites, function(name) {
    values <- observed_values(fit, name)
    seen <- which(!is.na(values))
    if (length(seen)) data.frame(site = name, index = seen, value = values[seen])
  })
  do.call(rbind, rows)
}

interval_data <- function(fit, sites, probs) {
  table <- summary(fit, sites, c(probs[1], 0.5, probs[2]))
  quantiles <- as.data.frame(unclass(table))[grep("^q[0-9]", names(table))]
  data.frame(variable = table$variable, median = quantiles[[2]], lower = quantiles[[1]], upper = quantiles[[3]])
}

# One row a draw and variable.
draw_data <- function(fit, sites) {
  x <- as.array(fit, sites)
  size <- dim(x)
  data.frame(
    variable = rep(dimnames(x)$variable, each = size[1] * size[2]),
    chain = factor(rep(rep(seq_len(size[2]), each = size[1]), size[3])),
    iteration = rep(seq_len(size[1]), size[2] * size[3]), value = as.vector(x)
  )
}

divergent_draws <- function(fit) {
  if (is.null(fit$sampler) || n_coordinates(fit) == 0L) return(logical(prod(fit_size(fit))))
  as.vector(fit$sampler$divergent > 0)
}

# At most `limit` steps, evenly spaced, and a running mean over a fiftieth of the steps.
loss_data <- function(fit, limit = 5000L) {
  n <- length(fit$loss)
  window <- max(1L, n %/% 50L)
  total <- cumsum(c(0, fit$loss))
  last <- seq_len(n)
  first <- pmax(0L, last - window)
  step <- unique(round(seq(1, n, length.out = min(n, limit))))
  data.frame(step = step, loss = fit$loss[step], mean = ((total[last + 1L] - total[first + 1L]) / (last - first))[step])
}

# What is seen of the loss: not how far off the start was.
loss_limits <- function(data) {
  ends <- lapply(split(data, data$fit), function(part) {
    late <- part[part$step > 0.05 * max(part$step), ]
    c(stats::quantile(late$loss, c(0.005, 0.995), na.rm = TRUE), late$mean)
  })
  range(unlist(ends), finite = TRUE)
}

# A row a draw and pair of variables; x comes before y. Of many draws an even choice, but all that diverged.
pair_data <- function(fit, sites, names, limit = 4000L) {
  x <- as.array(fit, sites)
  values <- matrix(x, ncol = dim(x)[3], dimnames = list(NULL, dimnames(x)$variable))[, names, drop = FALSE]
  divergent <- divergent_draws(fit)
  shown <- sort(unique(c(round(seq(1, nrow(values), length.out = min(nrow(values), limit))), which(divergent))))
  pairs <- utils::combn(length(names), 2L)
  do.call(rbind, apply(pairs, 2L, function(pair) {
    data.frame(
      x_name = factor(names[pair[1]], names), y_name = factor(names[pair[2]], names), x = values[shown, pair[1]],
      y = values[shown, pair[2]], divergent = divergent[shown]
    )
  }, simplify = FALSE))
}

check_interval <- function(probs) {
  check_probs(probs)
  if (length(probs) != 2L || probs[1] >= probs[2]) {
    stop_reparam("`probs` must be two probabilities, the lower one first.")
  }
}
