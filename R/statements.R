#' Random quantities of a model
#'
#' `draw()` is the explicit form of `~` (see [model()]): it adds a random quantity, a site, to the model that is
#' running and returns its value, with which you compute on as with any number. Use it where the name is computed, in
#' functions that come with a package, or to observe something that is not an argument of the model.
#'
#' @param name The site's name, one text. A name may be used once, except that statements with `index` may draw
#'   different elements of one site.
#' @param dist A distribution, such as `dist_normal(0, 1)`.
#' @param obs The observed value: numbers, a factor (its level codes are meant) or logicals. `NA` elements are unknown;
#'   `NULL` leaves the whole site unknown.
#' @param dim The shape of the site: a length, or the extents of a matrix or array. By default that of `obs`, or else
#'   that of the distribution's arguments, recycled as in R. With `index`, the shape of the whole site, if known.
#' @param index The positions (counted from 1) of the site's elements that this statement draws; `NULL` draws all.
#' @return The value of the site: an array of the site's shape.
#' @section Errors: A name used twice, lengths that do not fit, `obs` that is not numeric or has `NaN`.
#' @examples
#' walk <- model(function(n, s) {
#'   x <- draw("x_1", dist_normal(0, 1))
#'   for (t in 2:n) x <- draw(paste0("x_", t), dist_normal(x, s))
#' })
#' model_spec(walk, list(n = 3, s = 0.5))
#' @export
draw <- function(name, dist, obs = NULL, dim = NULL, index = NULL) {
  session <- need_session("draw()")
  origin <- call_origin(sys.call())
  check_name(name)
  if (!is_dist(dist)) {
    stop_reparam(sprintf("`dist` of site `%s` must be a distribution, not %s.", name, describe(dist)),
      "Write for example `dist_normal(0, 1)`.", site = name)
  }
  if (!is.null(obs) && !is_batch_value(session, obs)) obs <- observed_numbers(obs, name, origin)
  if (!is.null(dim)) dim <- check_dim(dim, name)
  if (!is.null(index)) index <- check_index(index, name)
  if (is.null(index)) draw_site(session, name, dist, obs, dim, NULL, origin)
  else draw_site(session, name, dist, obs, length(index), index, origin, dim)
}

#' Computed quantities of a model
#'
#' `record()` is the explicit form of `:=`: it keeps a computed value under a name, so that its draws are part of a fit.
#' It does not change the density.
#'
#' @param name The name, one text, used once.
#' @param value What to keep: a number, vector, matrix or array computed from sites or data.
#' @return `value`.
#' @section Errors:
#' A name used twice, a value that is not numeric, a call outside of a model that is running.
#' @examples
#' m <- model(function(y) {
#'   k ~ lognormal(0, 1)
#'   half_life := log(2) / k
#'   y ~ normal(half_life, 1)
#' })
#' model_spec(m, list(y = 1))
#' @export
record <- function(name, value) {
  session <- need_session("record()")
  add_record(session, check_name(name), value, call_origin(sys.call()))
  invisible(value)
}

#' Learnable parameters
#'
#' Adds a quantity that has no distribution and is chosen to maximise the objective of [fit_svi()]. [fit_nuts()] samples
#' it, with a flat density on the unconstrained scale (of the logarithm where `support` is `"positive"`); [lift()] gives
#' it a prior.
#'
#' @param name The name, one text, used once.
#' @param init Its starting value, which also gives its shape.
#' @param support Where it lives: `"real"`, `"positive"`, `"nonnegative"`, `"unit"` (between 0 and 1), `"simplex"`,
#'   `"ordered"`, or two numbers, the lower and the upper bound (one of which may be infinite).
#' @return The parameter's value, of the shape of `init`.
#' @section Errors:
#' A name used twice, `init` that is not finite or lies outside the support.
#' @examples
#' m <- model(function(y) {
#'   mu <- param("mu", 0)
#'   sigma <- param("sigma", 1, "positive")
#'   y ~ normal(mu, sigma)
#' })
#' model_spec(m, list(y = c(1, 2, 3)))
#' @export
param <- function(name, init, support = "real") {
  session <- need_session("param()")
  origin <- call_origin(sys.call())
  check_name(name)
  if (is_traced(init) || !is.numeric(init) || !length(init) || !all(is.finite(init))) {
    stop_reparam(sprintf("`init` of the parameter `%s` must be finite numbers.", name), site = name)
  }
  prior <- session$lifted[[name]]
  if (!is.null(prior)) return(draw_site(session, name, prior, NULL, shape_of(init), NULL, origin))
  claim_name(session, name, "param", FALSE, origin)
  support <- param_support(support, init, name)
  statement <- list(kind = "param", name = name, dim = shape_of(init), init = as.double(init), support = support)
  add_site_statement(session, statement, origin)
}

#' Add to the log density
#'
#' Adds `sum(value)` to the log density of the model: a likelihood or a penalty that no distribution expresses.
#'
#' @param name The name, one text, used once.
#' @param value The log density to add, a number or an array that is summed.
#' @return Nothing.
#' @section Errors:
#' A name used twice, a value that is not numeric or is NA. A value that is not finite at any starting point ends a
#' fit.
#' @examples
#' m <- model(function() {
#'   x[1:5] ~ normal(0, 10)
#'   log_factor("smooth", -sum(diff(x)^2))
#' })
#' model_spec(m)
#' @export
log_factor <- function(name, value) {
  session <- need_session("log_factor()")
  origin <- call_origin(sys.call())
  claim_name(session, check_name(name), "factor", FALSE, origin)
  check_numeric_value(value, name, origin)
  add_statement(session, c(list(kind = "factor", name = name, node = trace_row(as_plain(value))), origin))
  invisible()
}

#' Blocks that change the sites inside
#'
#' `with_mask()` switches off the density of sites inside where `mask` is 0 or `FALSE`; a masked-out latent element is
#' drawn from its distribution. `with_scale()` multiplies their log density by `scale`, for instance to weight a
#' subsample: a site with density f has f^scale, in whatever coordinates it is sampled. `with_plate()` declares `size`
#' conditionally independent repetitions: sites inside have the plates' sizes, outermost first, as their leading
#' extents; with `subsample` it makes minibatches of large data.
#'
#' @param mask Zeros and ones (or logicals), one number or as many as each site inside has elements.
#' @param scale A positive number, or one per element of each site inside.
#' @param expr The block, an expression in braces.
#' @param name The plate's name, used in messages and listings.
#' @param size The number of repetitions.
#' @param fn A function of one argument, the indices `1:size`, or with `subsample` those of the minibatch.
#' @param subsample NULL: all repetitions. Or a number of them, of which [fit_svi()] looks at a random choice, drawn
#'   anew at each step, with the log density inside weighted by `size / subsample`, so that its expectation is that of
#'   the whole plate. Inside, data are taken by the index: `y[i] ~ normal(a + x[i] * b, s)`. Sites inside must be
#'   observed, without NA; latent sites of which there is one a repetition are drawn outside and taken as `z[i]`. All
#'   functions but `fit_svi()` and [model_spec()] run the whole plate; [fit_nuts()] refuses.
#' @return The value of the block, or of `fn`.
#' @section Errors:
#' A mask other than zeros and ones, a scale that is not positive, sites whose extents are not those of the plates
#' around them, a minibatch larger than its plate or around sites that it cannot have.
#' @examples
#' m <- model(function(y, complete) {
#'   mu ~ normal(0, 1)
#'   with_mask(complete, {
#'     y ~ normal(mu, 1)
#'   })
#' })
#' model_spec(m, list(y = c(1, 2, 3), complete = c(TRUE, TRUE, FALSE)))
#'
#' m <- model(function(y, n = length(y)) {
#'   mu ~ normal(0, 1)
#'   with_plate("observations", n, function(i) {
#'     z ~ normal(mu, 1)
#'     y[i] ~ normal(z, 0.5)
#'   })
#' })
#' model_spec(m, list(y = c(1, 2, 3)))
#'
#' regression <- model(function(x, y) {
#'   b ~ normal(0, 1)
#'   with_plate("observations", length(y), subsample = 50, function(i) {
#'     y[i] ~ normal(b * x[i], 1)
#'   })
#' })
#' x <- sin(1:1000)
#' fit_svi(regression, list(x = x, y = 0.5 * x + cos(1:1000)), steps = 500, seed = 1)
#' @name scopes
NULL

#' @rdname scopes
#' @export
with_mask <- function(mask, expr) {
  session <- need_session("with_mask()")
  mask <- check_scope_value(mask, "mask", function(x) x == 0 | x == 1, "zeros and ones")
  enter_scope(session, list(scope = "mask", node = trace_row(mask)), sys.call())
  on.exit(leave_scope(session))
  expr
}

#' @rdname scopes
#' @export
with_scale <- function(scale, expr) {
  session <- need_session("with_scale()")
  scale <- check_scope_value(scale, "scale", function(x) is.finite(x) & x > 0, "positive")
  enter_scope(session, list(scope = "scale", node = trace_row(scale)), sys.call())
  outer <- session$scaled
  session$scaled <- TRUE
  on.exit({
    session$scaled <- outer
    leave_scope(session)
  })
  expr
}

#' @rdname scopes
#' @export
with_plate <- function(name, size, fn, subsample = NULL) {
  session <- need_session("with_plate()")
  check_name(name)
  size <- check_plate_size(size, sprintf("The size of the plate `%s`", name))
  if (!is.function(fn)) {
    stop_reparam(sprintf("The plate `%s` needs a function of the index, not %s.", name, describe(fn)))
  }
  if (!is.null(subsample)) subsample <- check_subsample(subsample, name, size)
  index <- seq_len(size)
  in_batch <- !is.null(subsample) && subsample < size && !session$whole_plates
  if (in_batch) index <- enter_batch(session, name, size, subsample, sys.call())
  else enter_scope(session, list(scope = "plate", name = name, size = size), sys.call())
  session$plates <- c(session$plates, length(index))
  session$batches <- c(session$batches, in_batch)
  on.exit({
    session$plates <- session$plates[-length(session$plates)]
    session$batches <- session$batches[-length(session$batches)]
    leave_scope(session)
  })
  fn(index)
}

check_plate_size <- function(x, what) {
  if (is_traced(x) || !is.numeric(x) || length(x) != 1L || is.na(x) || x < 1 || x != floor(x) || x > 2^31 - 1) {
    stop_reparam(sprintf("%s must be a whole number, at least 1, not %s.", what, describe(x)))
  }
  as.integer(x)
}

enter_scope <- function(session, fields, call) {
  add_statement(session, c(list(kind = "enter"), fields, call_origin(call)))
}

leave_scope <- function(session) {
  add_statement(session, list(kind = "leave"))
}

check_scope_value <- function(x, name, holds, text) {
  if (has_codes(x)) return(x)
  if (is.logical(x)) storage.mode(x) <- "double"
  if (!is.numeric(x) || !length(x) || anyNA(x) || !all(holds(x))) {
    stop_reparam(sprintf("`%s` must be %s, not %s.", name, text, describe(x)))
  }
  x
}

# ---- draws ----

# The common core of draw() and `~`. `dim` is the shape of what is drawn here, NULL where data or arguments say it. With
# `index`, these are elements of a larger site, whose `extents` are known so far; finish_sites() settles them.
draw_site <- function(session, name, dist, obs, dim, index, origin, extents = NULL) {
  own <- take_user_reparam(session, name, obs)
  if (!is.null(own)) return(apply_user_reparam(session, own$fn, name, dist, own$obs, dim, index, origin))
  shape <- site_shape(session, name, dist, obs, dim, index, origin)
  site <- claim_name(session, name, "draw", !is.null(index), origin)
  if (!is.null(index)) site$extents <- wider(site$extents, if (is.null(extents)) max(index) else extents)
  n <- prod(shape)
  whole <- !is.null(event_shape(dist)) || has_event_transform(dist)
  statement <- list(
    kind = "draw", name = name, dim = shape,
    dist = trace_families(
      map_dist(unclass_dist(dist), function(x, argument) dist_row(x, argument, n, name, shape, origin, whole))
    )
  )
  in_batch <- has_codes(obs)
  if (!in_batch && any(session$batches)) stop_latent_in_batch(name, origin)
  if (in_batch) statement$data <- trace_row(obs)
  else if (!is.null(obs) && !all(is.na(obs))) statement$observed <- as.double(obs)
  if (!is.null(index)) statement$element <- index
  statement$original <- session$original
  value <- add_site_statement(session, statement, origin)
  keeps_data <- !is.null(obs) && (in_batch || !anyNA(obs)) && !name %in% session$set_by_handler
  if (keeps_data) obs else value
}

wider <- function(a, b) {
  if (identical(a, b)) return(a)
  if (length(a) == length(b)) pmax(a, b) else if (length(a) > length(b)) a else b
}

# A statement whose value is a SITE leaf; returns the traced value.
add_site_statement <- function(session, statement, origin) {
  value <- trace_site(session$n + 1L, statement$dim)
  statement$node <- trace_row(value)
  add_statement(session, c(statement, origin))
  value
}

# Data, the left side and the distribution's arguments each may say how large a site is; they must agree.
site_shape <- function(session, name, dist, obs, dim, index, origin) {
  arguments <- dist_shape(dist)
  shape <- if (!is.null(dim)) dim else if (!is.null(obs)) shape_of(obs) else arguments
  if (!is.null(obs) && prod(shape) != length(obs)) {
    text <- sprintf("%s, but its data have %s", elements_text(dim), elements_text(shape_of(obs)))
    stop_shape(name, text, origin, NULL)
  }
  if (is.null(index)) shape <- plate_shape(session, name, shape, is.null(dim) && is.null(obs), origin)
  n <- prod(shape)
  longest <- prod(arguments)
  if (longest > n || n %% longest != 0) {
    stop_shape(name, sprintf("%s, but its distribution has %s", elements_text(shape), elements_text(arguments)), origin)
  }
  as.integer(shape)
}

plate_shape <- function(session, name, shape, may_expand, origin) {
  plates <- session$plates
  if (!length(plates)) return(shape)
  if (length(shape) >= length(plates) && all(shape[seq_along(plates)] == plates)) return(shape)
  if (length(plates) > 1L && identical(as.integer(shape), as.integer(prod(plates)))) return(plates)
  if (may_expand && prod(shape) == 1L) return(plates)
  # A vector over the first plates only repeats over the others.
  inner <- length(shape)
  if (may_expand && inner < length(plates) && all(shape == plates[seq_len(inner)])) return(plates)
  stop_shape(name, sprintf("%s, but the plates around it have %s", elements_text(shape), elements_text(plates)), origin,
    "Inside plates a site's leading extents are the plates' sizes, the outermost first.")
}

recycling_hint <- "Arguments recycle when the number of elements is a multiple of theirs."

stop_shape <- function(name, text, origin, hint = recycling_hint) {
  stop_reparam(
    sprintf("Site `%s` has %s.", name, text), hint,
    site = name, call = origin$call, where = origin$where
  )
}

elements_text <- function(shape) {
  if (length(shape) > 1L) return(sprintf("%s elements", paste(shape, collapse = " x ")))
  sprintf(if (shape == 1L) "%d element" else "%d elements", as.integer(shape))
}

shape_of <- function(x) {
  if (is.null(dim(x))) length(x) else dim(x)
}

# ---- distributions ----

# Applies fn(value, argument's name) to everything in a distribution that becomes a row.
map_dist <- function(dist, fn) {
  if (!is.null(dist$args)) dist$args <- map_named(dist$args, fn)
  if (!is.null(dist$base)) dist$base <- map_dist(dist$base, fn)
  if (!is.null(dist$components)) dist$components <- lapply(dist$components, map_dist, fn)
  if (!is.null(dist$transforms)) {
    dist$transforms <- lapply(dist$transforms, function(transform) {
      transform$args <- map_named(transform$args, fn)
      transform
    })
  }
  if (!is.null(dist$mask)) dist$mask <- fn(dist$mask, "mask")
  if (!is.null(dist$rows)) dist$rows <- Map(fn, dist$rows, names(dist$rows))
  if (!is.null(dist$draws)) dist$draws <- lapply(dist$draws, map_dist, fn)
  dist
}

# Map(fn, args, names(args)) without arguments that are NULL, and without its overhead, which counts in loops.
map_named <- function(args, fn) {
  if (any(lengths(args) == 0L)) args <- args[!vapply(args, is.null, NA)]
  names <- names(args)
  for (k in seq_along(args)) args[[k]] <- fn(args[[k]], names[k])
  args
}

unclass_dist <- function(dist) {
  dist <- unclass(dist)
  if (!is.null(dist$base)) dist$base <- unclass_dist(dist$base)
  if (!is.null(dist$components)) dist$components <- lapply(dist$components, unclass_dist)
  if (!is.null(dist$transforms)) dist$transforms <- lapply(dist$transforms, unclass)
  dist
}

# The shape that the arguments give when they are recycled to the longest; the first array among these gives the
# extents.
dist_shape <- function(dist) {
  if (!is.null(dist$dim)) return(dist$dim)
  if (has_event_transform(dist)) return(transformed_shape(dist))
  event <- event_shape(dist)
  if (!is.null(event)) return(if (length(event)) event else 1L)
  simple <- is.null(dist$base) && is.null(dist$components) && is.null(dist$mask)
  if (simple && all(lengths(dist$args) == 1L)) {
    flat <- TRUE
    for (x in dist$args) flat <- flat && is.null(dim(x))
    if (flat) return(1L)
  }
  shape <- stated_shape(dist)
  if (is.null(shape)) shape <- 1L
  map_dist(dist, function(x, argument) {
    here <- shape_of(x)
    if (prod(here) > prod(shape) || (prod(here) == prod(shape) && length(here) > length(shape))) shape <<- here
    x
  })
  as.integer(shape)
}

# What a dist_expand() inside a combinator states; NULL without one.
stated_shape <- function(dist) {
  if (!is.null(dist$dim)) return(dist$dim)
  for (part in c(list(dist$base), dist$components)) {
    shape <- if (!is.null(part)) stated_shape(part)
    if (!is.null(shape)) return(shape)
  }
}

# How many events, then the extents of one, of a family of whole events (vectors, matrices, categories); NULL for
# others.
event_shape <- function(dist) {
  while (is.null(dist$event) && (!is.null(dist$base) || !is.null(dist$components))) {
    dist <- if (is.null(dist$base)) dist$components[[1]] else dist$base
  }
  if (!is.null(dist$event)) c(dist$batch, dist$event)
}

# An argument as a row, recycled so that it has one element or as many as the site; those of `whole` events stay as they
# are.
dist_row <- function(x, argument, n, name, shape, origin, whole = FALSE) {
  if (!has_codes(x)) {
    if (is.logical(x)) storage.mode(x) <- "double"
    check_constant(x, argument, name, origin)
  }
  size <- length(x)
  if (size != 1L && size != n && !whole) {
    if (n %% size != 0) {
      text <- sprintf("%s, but `%s` has %s", elements_text(shape), argument, elements_text(shape_of(x)))
      stop_shape(name, text, origin)
    }
    x <- rep_len(x, n)
  }
  trace_row(x)
}

check_constant <- function(x, argument, name, origin) {
  if (!is.numeric(x)) {
    stop_reparam(
      sprintf("`%s` of site `%s` must be numeric, not %s.", argument, name, describe(x)),
      site = name, call = origin$call, where = origin$where
    )
  }
  if (anyNA(x)) {
    stop_reparam(
      sprintf(
        "`%s` of site `%s` is NA%s, where no site can take it.", argument, name, element_text(which(is.na(x)), x)
      ),
      "NA means unknown only in data that a site observes.", site = name, call = origin$call, where = origin$where
    )
  }
}

element_text <- function(at, x) {
  if (length(x) == 1L) "" else sprintf(" at element %d", at[1])
}

# ---- values that users give ----

# Data of a site as plain doubles: factors by their codes, NA kept. NaN is what a computation that went wrong leaves.
observed_numbers <- function(x, name, origin) {
  stop_here <- function(message, hint = NULL) {
    stop_reparam(message, hint, site = name, call = origin$call, where = origin$where)
  }
  if (has_codes(x)) {
    stop_here(
      sprintf("The value observed for site `%s` depends on other sites.", name),
      "Only data can be observed; `log_factor()` adds any other term to the log density."
    )
  }
  if (is.factor(x)) x <- as.integer(x)
  if (is_opaque_number(x) || !(is.numeric(x) || is.logical(x))) {
    stop_here(sprintf("The data of site `%s` must be numeric, not %s.", name, describe(x)))
  }
  if (!length(x)) stop_here(sprintf("The data of site `%s` are empty.", name), "Give NULL for a site without data.")
  if (is.double(x) && any(is.nan(x))) {
    stop_here(
      sprintf("The data of site `%s` are NaN%s.", name, element_text(which(is.nan(x)), x)),
      "NA means unknown; NaN comes from a computation that went wrong, such as log(-1)."
    )
  }
  as_plain(x)
}

# Numbers whose bits do not mean what is.numeric() promises.
is_opaque_number <- function(x) {
  inherits(x, "integer64") || is.object(x) && isS4(x)
}

# Doubles with their dim, without any other attribute; a traced value as it is.
as_plain <- function(x) {
  if (has_codes(x)) return(x)
  extents <- dim(x)
  x <- as.double(x)
  dim(x) <- extents
  x
}

check_numeric_value <- function(x, name, origin) {
  if (has_codes(x) || is.numeric(x) || is.logical(x)) {
    if (length(x)) return(invisible())
  }
  stop_reparam(
    sprintf("The value of `%s` must be numeric, not %s.", name, if (length(x)) describe(x) else "empty"),
    site = name, call = origin$call, where = origin$where
  )
}

check_dim <- function(dim, name) {
  if (!is_whole(dim) || length(dim) > 8L) {
    stop_reparam(sprintf("`dim` of site `%s` must be 1 to 8 whole numbers, not %s.", name, describe(dim)), site = name)
  }
  as.integer(dim)
}

check_index <- function(index, name) {
  if (is.integer(index) && length(index) == 1L && isTRUE(index >= 1L)) return(index)
  if (has_codes(index)) {
    stop_reparam(
      sprintf("The index of site `%s` depends on sites.", name), "Which element is drawn must be known from the data.",
      site = name
    )
  }
  if (!is_whole(index)) {
    stop_reparam(
      sprintf("The index of site `%s` must be positions counted from 1, not %s.", name, index_text(index)),
      index_hint(index, name), site = name
    )
  }
  as.integer(index)
}

index_text <- function(index) {
  if (!is.numeric(index)) return(describe(index))
  if (!length(index)) return("empty")
  bad <- which(is.na(index) | index < 1 | index != floor(index))[1]
  paste(if (length(index) > 1L) sprintf("the value %s at element %d", format(index[bad]), bad) else describe(index))
}

index_hint <- function(index, name) {
  empty <- "Draw no site where there is nothing to draw: `if (n > 0) %s[1:n] ~ ...`."
  if (!length(index) || identical(as.double(index), c(1, 0))) return(sprintf(empty, name))
  if (is.logical(index)) return(sprintf("Write `%s[which(...)] ~ ...`.", name))
  if (is.numeric(index) && !anyNA(index) && all(index < 0)) sprintf("Write `%s[seq_along(%s)[-i]] ~ ...`.", name, name)
}

is_whole <- function(x) {
  !is_traced(x) && is.numeric(x) && length(x) > 0L && !anyNA(x) && all(x >= 1 & x == floor(x) & x < 2^31)
}

# ---- records and parameters ----

add_record <- function(session, name, value, origin) {
  claim_name(session, name, "record", FALSE, origin)
  add_record_statement(session, name, value, origin)
}

add_record_statement <- function(session, name, value, origin) {
  check_numeric_value(value, name, origin)
  statement <- list(kind = "record", name = name, node = trace_row(as_plain(value)), dim = as.integer(shape_of(value)))
  add_statement(session, c(statement, origin))
}

param_support <- function(support, init, name) {
  bounds <- is.numeric(support) && length(support) == 2L && !anyNA(support) && support[1] < support[2]
  if (bounds) {
    kinds <- c("real", "above a lower bound", "below an upper bound", "interval")
    kind <- kinds[1 + is.finite(support[1]) + 2 * is.finite(support[2])]
    result <- list(kind = kind, lower = as.double(support[1]), upper = as.double(support[2]))
    inside <- all(init > support[1] & init < support[2])
  } else {
    kinds <- c(real = "real", positive = "positive", nonnegative = "nonnegative", unit = "in [0, 1]",
      simplex = "simplex", ordered = "ordered")
    if (!is.character(support) || length(support) != 1L || !support %in% names(kinds)) {
      stop_reparam(
        sprintf("`support` of the parameter `%s` is not known: %s.", name, describe(support)),
        sprintf("Use one of %s, or two numbers, the bounds.", paste0("\"", names(kinds), "\"", collapse = ", ")),
        site = name
      )
    }
    result <- list(kind = kinds[[support]])
    inside <- switch(support,
      real = TRUE, positive = all(init > 0), nonnegative = all(init >= 0), unit = all(init > 0 & init < 1),
      simplex = all(init > 0) && abs(sum(init) - 1) < 1e-8, ordered = all(diff(init) > 0)
    )
  }
  if (!inside) stop_reparam(sprintf("`init` of the parameter `%s` lies outside its support.", name), site = name)
  result
}
