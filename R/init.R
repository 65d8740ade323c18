# Where chains begin. `init` becomes either values by site, which the engine uses for all chains (control$init), or
# candidates on the unconstrained scale (control$inits, an array [coordinate, candidate, chain]), of which each chain
# takes the first one with a finite density.

init_strategies <- c("uniform", "median", "prior")
INIT_TRIES <- 20L
INIT_MEDIAN_OF <- 51L

# What kind of `init` this is; values have become doubles.
check_init <- function(init) {
  if (is.null(init) || identical(init, "uniform")) return(list(kind = "uniform"))
  if (inherits(init, c("reparam_nuts", "reparam_svi"))) return(list(kind = "fit", fit = init))
  if (is.character(init)) return(list(kind = check_choice(init, "init", init_strategies)))
  if (is.numeric(init)) {
    radius <- check_number(init, "init", function(x) x >= 0, "a radius of at least 0")
    return(list(kind = "uniform", radius = radius))
  }
  if (is.list(init) && length(init) && is.null(names(init)) && all(vapply(init, is.list, NA))) {
    return(list(kind = "chains", values = lapply(init, check_init_values)))
  }
  list(kind = "values", values = check_init_values(init))
}

check_init_values <- function(init) {
  if (!is.list(init) || is.null(names(init)) || any(!nzchar(names(init)))) {
    stop_reparam(
      "`init` must be a named list of values of sites, a list of such lists, a strategy, a radius or a fit.",
      "Write `init = list(k = 1, k_d = 0.1)`, or `init = \"prior\"`."
    )
  }
  numeric <- vapply(init, is.numeric, NA)
  if (!all(numeric)) {
    stop_reparam(sprintf("`init` gives %s for `%s`.", describe(init[!numeric][[1]]), names(init)[!numeric][1]))
  }
  lapply(init, function(value) {
    storage.mode(value) <- "double"
    value
  })
}

# Values of sites that functions of new_reparam() compute cannot be inverted: nothing is known of the function.
drop_computed_init <- function(init, spec) {
  auxiliary <- function(name) {
    unique(unlist(lapply(spec$statements, function(s) if (s$kind == "draw" && identical(s$original, name)) s$name)))
  }
  drawn <- unlist(lapply(spec$statements, function(s) if (s$kind == "draw") s$name))
  made_of <- Filter(length, lapply(stats::setNames(nm = setdiff(names(init), drawn)), auxiliary))
  for (name in names(made_of)) {
    warn_reparam(
      sprintf("`init` is ignored for `%s`, which a function reparameterizes, so that it cannot be inverted.", name),
      sprintf("Give values for %s instead.", quote_names(made_of[[name]])), site = name
    )
  }
  init[setdiff(names(init), names(made_of))]
}

check_init_sites <- function(values, spec) {
  sites <- unique(unlist(lapply(spec$statements, function(s) if (s$kind %in% c("draw", "param")) s$name)))
  unknown <- setdiff(names(values), sites)
  if (length(unknown)) {
    stop_reparam(sprintf("`init` names %s, but the model has no such site.", quote_names(unknown)),
                 sprintf("Its sites are %s.", quote_names(sites)))
  }
}

# Adds to a complete control list what `init` means for this spec.
with_init <- function(control, init, spec) {
  control$init_from <- init[setdiff(names(init), "fit")]
  candidates <- switch(init$kind,
    uniform = NULL,
    values = {
      control$init <- drop_computed_init(init$values, spec)
      check_init_sites(control$init, spec)
      NULL
    },
    chains = {
      if (length(init$values) != control$chains) {
        text <- "`init` has values for %d chains, but there are %.0f."
        stop_reparam(sprintf(text, length(init$values), control$chains))
      }
      # the same values again and again: what they leave open differs
      lapply(init$values, function(values) {
        values <- drop_computed_init(values, spec)
        check_init_sites(values, spec)
        rep(list(values), INIT_TRIES)
      })
    },
    fit = draws_as_init(init$fit, spec, control$chains, INIT_TRIES),
    prior = prior_as_init(spec, control, INIT_TRIES),
    median = prior_as_init(spec, control, INIT_MEDIAN_OF)
  )
  control$init_radius <- init$radius
  if (is.null(candidates)) return(control)
  positions <- lapply(seq_along(candidates), function(chain) {
    tried <- lapply(seq_along(candidates[[chain]]), function(k) {
      where <- list(init = candidates[[chain]][[k]], chain = chain - 1, try = k - 1)
      .Call(ffi_initial_position, spec, c(control, where))
    })
    tried <- matrix(unlist(tried), ncol = length(tried))
    if (init$kind == "median") matrix(quantile_columns(t(tried), 0.5)) else tried
  })
  control$inits <- array(unlist(positions), c(dim(positions[[1]]), control$chains))
  control
}

# Draws from the prior of the sites without data: [[chain]][[candidate]], each a named list.
prior_as_init <- function(spec, control, tries) {
  draws <- prior_draws(spec, draws = tries * control$chains, seed = control$seed, keep = latent_names(spec))
  draws_as_init(draws, spec, control$chains, tries)
}

# Draws of a fit, spread evenly over all of them.
draws_as_init <- function(fit, spec, chains, tries) {
  sites <- intersect(latent_names(spec), random_sites(fit))
  if (!length(sites)) stop_reparam("The fit in `init` has no site that this model could begin at.")
  values <- lapply(site_draws(fit, sites), function(x) matrix(x, prod(dim(x)[1:2])))
  # with other data a site may have become longer
  values <- values[vapply(sites, function(name) ncol(values[[name]]) == site_length(spec, name), NA)]
  if (!length(values)) {
    warn_reparam("No site has the size that it has in the fit in `init`; chains begin at random.")
    return(NULL)
  }
  rows <- floor((seq_len(chains * tries) - 0.5) / (chains * tries) * nrow(values[[1]])) + 1
  # one chain's candidates come from everywhere, so that none of them depends on the others' order
  by_chain <- matrix(rows, chains)
  lapply(seq_len(chains), function(chain) {
    lapply(by_chain[chain, ], function(row) lapply(values, function(x) x[row, ]))
  })
}

site_length <- function(spec, name) {
  for (s in spec$statements) if (s$kind == "draw" && identical(s$name, name)) return(prod(s$dim))
  NA
}

# Sites that are drawn and of which nothing is known.
latent_names <- function(spec) {
  drawn <- Filter(function(s) s$kind == "draw", spec$statements)
  names <- vapply(drawn, `[[`, "", "name")
  known <- vapply(drawn, function(s) any(!is.na(s$observed)), NA)
  setdiff(names, names[known])
}
