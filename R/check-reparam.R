#' Check that reparameterizations leave the model as it was
#'
#' Compares a model with its [reparam()] handlers (and the strategy `reparam`) to the same model with the strategy
#' "minimal" only, at random points: a reparameterization may change coordinates, never the joint distribution. Use it
#' on reparameterizers of your own ([new_reparam()]).
#'
#' The checks, each a row of the result:
#'
#' * `gradient`: the gradient of the log density against central differences along random directions;
#' * `support`: values computed from the auxiliary sites have a finite density in the original model, and the original
#'   shape;
#' * `density`: the log density of the new coordinates equals that of the original ones plus the log Jacobian of the map
#'   between them, taken by central differences. It needs as many coordinates on both sides; where auxiliary sites add
#'   some, see the next;
#' * `distribution`: draws of each latent original element from the prior of both models, compared by Kolmogorov and
#'   Smirnov's test (smallest p-value times the number of elements);
#' * `inverse`: starting values given for the original sites come back from the auxiliary ones. Only where every
#'   coordinate can be computed from them.
#'
#' @param model A [model()] or a function, with its [reparam()] handlers.
#' @inheritParams reparam_map
#' @param points Number of random points.
#' @param seed A whole number.
#' @return A data frame of class `reparam_check` with columns `check`, `ok` (`NA`: the check does not apply), `error`
#'   (the largest relative error, or the p-value) and `note`.
#' @section Errors: Those of [model_spec()]; a model without latent sites.
#' @examples
#' m <- model(function(y) {
#'   mu ~ normal(0, 2)
#'   tau ~ lognormal(0, 1)
#'   theta[1:3] ~ normal(mu, tau)
#'   y ~ normal(theta, 1)
#' })
#' check_reparam(m |> reparam(theta = decenter(0.3), tau = decenter()), list(y = c(1, 0, 2)))
#' @export
check_reparam <- function(model, data = list(), reparam = "minimal", points = 3, seed = 1) {
  model <- with_strategy(as_model(model), reparam)
  points <- check_count(points, "points")
  control <- model_control(reparam, FALSE, seed)
  after <- check_side(model, data, control)
  plain <- model
  plain$handlers <- Filter(function(handler) handler$kind != "reparam", model$handlers)
  before <- check_side(plain, data, utils::modifyList(control, list(reparam = "minimal")))
  if (!length(after$names)) stop_reparam("The model has no latent sites whose reparameterization could be checked.")
  at <- with_seed(seed, matrix(stats::rnorm(points * length(after$names), sd = 0.7), points))
  rows <- list(check_gradient(after, at, seed), check_support(after, before, at))
  same <- length(after$names) == length(before$names) && isTRUE(rows[[2]]$ok)
  rows <- c(rows, list(
    if (same) check_density(after, before, at) else verdict_row("density", NA, NA, "auxiliary sites add coordinates"),
    check_distribution(after, before, seed), check_inverse(after, at)
  ))
  structure(do.call(rbind, rows), class = c("reparam_check", "data.frame"))
}

#' @rdname check_reparam
#' @param x A result of `check_reparam()`.
#' @param ... Ignored.
#' @export
print.reparam_check <- function(x, ...) {
  verdict <- ifelse(is.na(x$ok), "-", ifelse(x$ok, "ok", "FAILED"))
  lines <- sprintf("%-13s %-7s %s", x$check, verdict, ifelse(is.na(x$error), x$note, paste(signif(x$error, 2), x$note)))
  cat(lines, sep = "\n")
  invisible(x)
}

# A model as a density over coordinates: their names, and the original sites that its values are compared by.
check_side <- function(model, data, control) {
  spec <- model_spec(model, data)
  control$prune <- FALSE
  table <- .Call(ffi_model_table, spec, c(list(prior = 0), control))
  list(spec = spec, control = control, names = table$unconstrained_names, sites = table$sites)
}

# Log density, gradient and coordinates at coordinates (a vector) or at values of sites (a list).
side_density <- function(side, at) {
  side$control$init <- if (is.list(at)) at
  side$control$names <- FALSE
  .Call(ffi_log_density, side$spec, side$control, at)
}

# Values of sites at each row of coordinates: a list of matrices [row, element].
side_values <- function(side, at, sites) {
  control <- c(side$control, list(coordinates = side$names, keep = sites))
  result <- .Call(ffi_generate, side$spec, control, array(at, c(nrow(at), 1L, ncol(at))))
  lapply(result$draws[sites], function(x) matrix(x, nrow(at)))
}

# Names of the sites of a side whose values make up a point: the user's, and auxiliary ones.
point_sites <- function(side) {
  kind <- vapply(side$sites, `[[`, "", "kind")
  all_names(side)[kind %in% c("latent", "partial", "ancestral", "reparameterized")]
}

user_sites <- function(side, kinds) {
  kind <- vapply(side$sites, `[[`, "", "kind")
  auxiliary <- vapply(side$sites, function(site) isTRUE(site$auxiliary), NA)
  all_names(side)[!auxiliary & kind %in% kinds]
}

all_names <- function(side) vapply(side$sites, `[[`, "", "name")

verdict_row <- function(check, ok, error, note = "") {
  data.frame(check = check, ok = ok, error = error, note = note)
}

check_gradient <- function(side, at, seed) {
  errors <- vapply(seq_len(nrow(at)), function(i) {
    here <- side_density(side, at[i, ])
    direction <- with_seed(seed + i, stats::rnorm(ncol(at)))
    direction <- direction / sqrt(sum(direction^2))
    step <- 1e-5
    above <- side_density(side, at[i, ] + step * direction)$value
    below <- side_density(side, at[i, ] - step * direction)$value
    slope <- (above - below) / (2 * step)
    abs(slope - sum(here$gradient * direction)) / (1 + abs(slope))
  }, 0)
  # Central differences lose two thirds of the digits: about 1e-10 relative to the value, 1e-6 for large ones.
  verdict_row("gradient", all(is.finite(errors)) && max(errors) < 1e-5, max(errors))
}

check_support <- function(after, before, at) {
  sites <- intersect(point_sites(before), all_names(after))
  values <- side_values(after, at, sites)
  density <- function(i) side_density(before, lapply(values, function(x) x[i, ]))$value
  # no density where the coordinates of a value depend on discrete sites
  densities <- tryCatch(vapply(seq_len(nrow(at)), density, 0), reparam_unsupported = function(e) NA)
  needs <- if (all(is.finite(densities))) "" else "the original density is not finite, or not known"
  verdict_row("support", if (nzchar(needs)) NA else TRUE, NA_real_, needs)
}

# log p_new(q) = log p(u(q)) + log |det du/dq|.
check_density <- function(after, before, at) {
  sites <- intersect(point_sites(before), all_names(after))
  if (!is_one_to_one(after, at)) {
    return(verdict_row("density", NA, NA_real_, "several auxiliary values give the same site"))
  }
  coordinates <- function(rows) {
    values <- side_values(after, rows, sites)
    t(vapply(seq_len(nrow(rows)), function(i) {
      side_density(before, lapply(values, function(x) x[i, ]))$unconstrained
    }, numeric(ncol(rows))))
  }
  again <- matrix(coordinates(at[rep(1L, 30L), , drop = FALSE]), 30L)
  if (any(again != rep(again[1, ], each = 30L))) {
    return(verdict_row("density", NA, NA_real_, "the values depend on discrete sites, which are drawn"))
  }
  n <- ncol(at)
  step <- 1e-4
  errors <- vapply(seq_len(nrow(at)), function(i) {
    q <- at[i, ]
    rows <- rbind(q, matrix(q, n, n, TRUE) + diag(step, n), matrix(q, n, n, TRUE) - diag(step, n))
    u <- matrix(coordinates(rows), nrow(rows))
    jacobian <- (u[1 + seq_len(n), , drop = FALSE] - u[1 + n + seq_len(n), , drop = FALSE]) / (2 * step)
    want <- side_density(before, u[1, ])$value + as.numeric(determinant(jacobian)$modulus)
    abs(side_density(after, q)$value - want) / (1 + abs(want))
  }, 0)
  # Central differences with this step are right to about 1e-7.
  verdict_row("density", all(is.finite(errors)) && max(errors) < 1e-5, max(errors))
}

check_distribution <- function(after, before, seed) {
  sites <- user_sites(before, c("latent", "ancestral", "reparameterized"))
  draw <- function(side, seed) {
    control <- utils::modifyList(side$control, list(draws = 2000L, keep = sites, seed = seed))
    .Call(ffi_generate, side$spec, control, NULL)$draws[sites]
  }
  if (!length(sites)) return(verdict_row("distribution", NA, NA_real_, "no site is latent as a whole"))
  before$control$reparam <- "none" # the distributions' own samplers
  pairs <- tryCatch(list(draw(after, seed), draw(before, seed + 1)), error = conditionMessage)
  if (is.character(pairs)) return(verdict_row("distribution", NA, NA_real_, pairs))
  p <- unlist(lapply(sites, function(site) {
    a <- matrix(pairs[[1]][[site]], 2000)
    b <- matrix(pairs[[2]][[site]], 2000)
    vapply(seq_len(ncol(a)), function(k) suppressWarnings(stats::ks.test(a[, k], b[, k])$p.value), 0)
  }))
  p <- min(1, min(p) * length(p))
  verdict_row("distribution", p > 1e-4, p, "p-value")
}

check_inverse <- function(side, at) {
  sites <- user_sites(side, c("latent", "partial", "ancestral", "reparameterized"))
  values <- side_values(side, at, sites)
  found <- find_coordinates(side, at, values)
  if (is.null(found)) {
    return(verdict_row("inverse", NA, NA_real_, "auxiliary sites cannot be computed from the original ones"))
  }
  again <- side_values(side, found, sites)
  errors <- unlist(Map(function(a, b) abs(a - b) / (1 + abs(a)), values, again))
  # Where a value is inverted by bisection, or through a scale, digits are lost.
  verdict_row("inverse", all(is.finite(errors)) && max(errors) < 1e-6, max(errors))
}

# The coordinates at which the user's sites have these values; NULL where they do not say.
find_coordinates <- function(side, at, values) {
  tryCatch(
    matrix(t(vapply(seq_len(nrow(at)), function(i) {
      as.numeric(side_density(side, lapply(values, function(x) x[i, ]))$unconstrained)
    }, numeric(ncol(at)))), nrow(at)),
    reparam_error = function(e) NULL
  )
}

is_one_to_one <- function(side, at) {
  at <- rbind(at, 6 * at) # far enough for a circle to have been gone round
  sites <- user_sites(side, c("latent", "partial", "ancestral", "reparameterized"))
  found <- find_coordinates(side, at, side_values(side, at, sites))
  is.null(found) || isTRUE(all(abs(found - at) < 1e-6 * (1 + abs(at))))
}

# R's generator at a seed, left as it was.
with_seed <- function(seed, expr) {
  old <- get0(".Random.seed", envir = globalenv(), inherits = FALSE)
  on.exit(
    if (is.null(old)) rm(".Random.seed", envir = globalenv()) else assign(".Random.seed", old, envir = globalenv())
  )
  set.seed(seed)
  expr
}
