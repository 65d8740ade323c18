# What fits by NUTS and by SVI have in common: seed, control list, the object, its sites.
#
# A fit is plain data (no pointer, nothing of this process): spec and control say how to make it again, `draws` holds
# an array [iteration, chain, element] a site, `unconstrained` the coordinates from which any other site can be
# recomputed.

# `model` is the user's, kept with what it uses of the workspace (portable.R) for predictions with new data; NULL when
# the fit was made from a spec.
new_fit <- function(result, model, spec, control, call, class) {
  warn_engine(result$warnings)
  control$progress <- NULL
  if (is.null(result$chains)) result$chains <- seq_len(dim(result$unconstrained)[2])
  model <- if (!inherits(model, "reparam_spec")) portable_model(model)
  parts <- c(list(model = model, spec = spec, control = control), result)
  structure(c(parts, list(call = call)), class = c(class, "reparam_fit"))
}

# A spec stands for model and data together, so that a saved one can be fitted anywhere.
fit_spec <- function(model, data, whole = TRUE) {
  if (!inherits(model, "reparam_spec")) return(make_spec(model, data, whole))
  if (length(data)) stop_reparam("`model` is a spec, which holds its data already.", "Leave `data` out.")
  model
}

# The part of `control` that says which model the engine builds from a spec.
model_control <- function(reparam, prune, seed) {
  if (is.character(reparam) && length(reparam) == 1L) reparam <- strategy_by_name(reparam)
  if (is_asking_strategy(reparam)) reparam <- reparam_minimal() # with_strategy() has made it a handler
  if (!inherits(reparam, "reparam_reparam") || !identical(reparam$kind, "strategy")) {
    stop_reparam(
      sprintf("`reparam` must be a strategy, not %s.", describe(reparam)),
      "Use \"minimal\", \"auto\" or \"none\"; for single sites, `model |> reparam(k = decenter())`."
    )
  }
  list(
    reparam = reparam$name, centered = reparam$centered, prune = check_flag(prune, "prune"), seed = fit_seed(seed),
    isa = instruction_set()
  )
}

# NULL takes 53 bits from R's generator, so that set.seed() governs; a given seed leaves .Random.seed alone.
fit_seed <- function(seed) {
  if (is.null(seed)) {
    bits <- floor(stats::runif(2) * c(2^26, 2^27))
    return(bits[1] * 2^27 + bits[2])
  }
  check_whole(seed, "seed", 0, 2^53)
}

# The seed that seed_model() put on the model, innermost first; NULL when there is none.
handler_seed <- function(spec) {
  for (handler in spec$handlers) if (identical(handler$kind, "seed")) return(handler$seed)
  NULL
}

# The instruction set that the engine is held to; the engine refuses one that the machine does not have.
instruction_set <- function() {
  sets <- c("best", "portable", "sse2", "avx2", "avx512")
  check_choice(getOption("reparam.isa", "best"), "options(reparam.isa)", sets)
}

# Chains that are evaluated side by side: NULL where the engine decides.
lanes_wanted <- function() {
  lanes <- getOption("reparam.lanes")
  if (!is.null(lanes)) check_whole(lanes, "options(reparam.lanes)", 1, 8)
}

storage_budget <- function() {
  check_number(getOption("reparam.keep_bytes", 1e9), "options(reparam.keep_bytes)", function(x) x >= 0, "at least 0")
}

# The user's call in words, for advice that can be pasted: symbols, calls and short constants only, so that
# do.call(fit_nuts, list(model, data)) does not store the data again. `name`: of the function, which do.call() may give
# as a value.
plain_fit_call <- function(call, name) {
  arguments <- as.list(call)[-1]
  for (argument in names(arguments)) {
    value <- arguments[[argument]]
    simple <- is.symbol(value) || is.call(value) || (is.atomic(value) && length(value) <= 1L)
    if (!simple) arguments[[argument]] <- as.symbol(argument)
  }
  as.call(c(as.symbol(name), arguments))
}

# Iterations and chains of the draws. Draws from the prior have no coordinates.
fit_size <- function(fit) {
  if (!is.null(fit$unconstrained)) return(dim(fit$unconstrained)[1:2])
  if (length(fit$draws)) return(dim(fit$draws[[1]])[1:2])
  c(as.integer(fit$control$draws), 1L)
}

# Coordinates of the sampler or of the guide; 0 when everything is drawn directly.
n_coordinates <- function(fit) {
  if (is.null(fit$unconstrained)) 0L else dim(fit$unconstrained)[3]
}

# ---- sites -----------------------------------------------------------------------------------------------------------

site_field <- function(fit, field) {
  vapply(fit$sites, function(site) as.character(site[[field]]), "")
}

find_site <- function(fit, name) {
  fit$sites[[match(name, site_field(fit, "name"))]]
}

# Sites whose values are random in this fit and that the user wrote (`aux`: or that a reparameterizer made).
random_sites <- function(fit, aux = FALSE) {
  fixed <- c("observed", "substituted", "intervened", "factor")
  auxiliary <- vapply(fit$sites, function(site) isTRUE(site$auxiliary), NA)
  unique(site_field(fit, "name")[!site_field(fit, "kind") %in% fixed & (aux | !auxiliary)])
}

# The sites that an answer is about: those named, otherwise all random ones whose draws are stored.
choose_sites <- function(fit, sites = NULL, aux = FALSE) {
  check_flag(aux, "aux")
  if (is.null(sites)) {
    stored <- intersect(random_sites(fit), names(fit$draws))
    return(c(stored, if (aux) setdiff(random_sites(fit, TRUE), random_sites(fit))))
  }
  sites <- check_sites(sites, "sites")
  known <- unique(site_field(fit, "name"))
  unknown <- setdiff(sites, known)
  if (length(unknown)) {
    stop_reparam(
      sprintf("The fit has no site %s.", quote_names(unknown)), sprintf("Its sites are %s.", quote_names(known, 20L))
    )
  }
  sites
}

# Names of sites given as unnamed arguments, each a character vector.
site_arguments <- function(...) {
  sites <- list(...)
  named <- names(sites)[nzchar(names(sites))]
  if (length(named)) stop_reparam(sprintf("Unknown argument: %s.", quote_names(named)))
  if (!all(vapply(sites, is.character, NA))) {
    wrong <- Find(function(x) !is.character(x), sites)
    stop_reparam(sprintf("Sites are given by their names, not by %s.", describe(wrong)), "Write `\"a\"`, with quotes.")
  }
  if (length(sites)) unlist(sites)
}

site_dim <- function(fit, name) {
  dim <- as.integer(find_site(fit, name)$dim)
  if (prod(dim) == 1 && length(dim) <= 1L) integer() else dim
}

# "theta[2,3]": posterior's names, first index fastest.
variable_names <- function(name, dim) {
  if (!length(dim)) return(name)
  index <- arrayInd(seq_len(prod(dim)), dim)
  paste0(name, "[", do.call(paste, c(lapply(seq_along(dim), function(k) index[, k]), sep = ",")), "]")
}

# Data of a site as the user gave them, NA where unknown; NULL when nothing of it was observed.
observed_values <- function(fit, name) {
  size <- max(1L, prod(find_site(fit, name)$dim))
  values <- rep(NA_real_, size)
  for (statement in fit$spec$statements) {
    if (!identical(statement$kind, "draw") || !identical(statement$name, name) || is.null(statement$observed)) next
    if (is.null(statement$element)) values[seq_along(statement$observed)] <- statement$observed
    else values[statement$element] <- statement$observed
  }
  for (handler in fit$spec$handlers) {
    given <- if (identical(handler$kind, "condition")) handler$values[[name]]
    if (!is.null(given)) values <- rep_len(as.double(given), size)
  }
  if (all(is.na(values))) NULL else values
}
