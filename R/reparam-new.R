#' Reparameterizers of your own
#'
#' Turns an R function into a reparameterizer. The function runs once, while the model is traced, in the place of the
#' statement that draws the site: it may call [draw()] for auxiliary sites and returns what the site becomes. Its
#' statements go into the spec like the model's own; the function does not.
#'
#' The function's argument is a list with elements `name`, `dist` (the distribution, a list with `family` and `args`),
#' `dim`, `observed` (`TRUE` or `FALSE`) and `value` (the data of an observed site, otherwise `NULL`). It returns a
#' list:
#'
#' * `list(dist = NULL, value = v)`: the site is computed, its value is `v`;
#' * `list(dist = d)`: the site is drawn (or, if it is observed, observed) from another distribution `d`, which may
#'   depend on auxiliary sites;
#' * `NULL`: the site stays as it is.
#'
#' Integrating the auxiliary sites out must give the distribution that the site had; [check_reparam()] tests that. A
#' function that has an answer for latent sites only returns `NULL` where `observed` is `TRUE`.
#'
#' Values set under the site's own name come first: sites that [intervene()], [substitute_sites()] or [replay()] set are
#' left alone, and one that [condition()] sets is observed. A partly observed site is left alone, with a warning.
#'
#' Starting values (`init` of [fit_nuts()] and [fit_svi()]) go to the sites that are drawn: for a site that is computed,
#' give those of its auxiliary sites. A strategy that is a function (see [register_reparam_strategy()]) may answer with
#' a `new_reparam()` for sites of the model; the model's function then runs once more.
#'
#' @param fn A function of one argument, the description of the site.
#' @return A reparameterizer, for use in [reparam()] as `site = reparameterizer`.
#' @section Errors: Something that is no function; an answer that is not one of the lists above; a value of another
#'   length than the site's; a site that is drawn in several statements, or inside of [with_scale()].
#' @examples
#' # an exponential as the minimum of two
#' two <- new_reparam(function(site) {
#'   if (site$observed) return(NULL)
#'   rate <- site$dist$args$rate
#'   a <- draw(paste0(site$name, "_a"), dist_exponential(rate / 2), dim = site$dim)
#'   b <- draw(paste0(site$name, "_b"), dist_exponential(rate / 2), dim = site$dim)
#'   list(dist = NULL, value = pmin(a, b))
#' })
#' m <- model(function(y) {
#'   wait ~ exponential(0.5)
#'   y ~ normal(wait, 1)
#' })
#' model_spec(m |> reparam(wait = two), list(y = 2))
#' @export
new_reparam <- function(fn) {
  if (!is.function(fn)) stop_reparam(sprintf("`fn` must be a function of the site, not %s.", describe(fn)))
  new_reparameterizer("user", fn = fn)
}

# Entries for sites that R functions reparameterize, the innermost handler's first; the rest of the configuration is the
# engine's.
user_reparams <- function(handlers) {
  entries <- list()
  for (handler in handlers) {
    if (handler$kind != "reparam" || is.function(handler$config) || is.character(handler$config$kind)) next
    own <- Filter(is_user_reparam, handler$config)
    entries <- c(entries, own[setdiff(names(own), names(entries))])
  }
  entries
}

# A function that configures reparam() remembers its answers.
ask_once <- function(handler) {
  fn <- handler$config
  if (handler$kind != "reparam" || !is.function(fn)) return(handler)
  answers <- list()
  handler$config <- function(site) {
    if (is.null(answers[[site$name]])) answers[[site$name]] <<- list(fn(site))
    answers[[site$name]][[1]]
  }
  handler
}

# What strategies that are functions answer with new_reparam(): the model runs again under these.
user_answers <- function(handlers, statements) {
  entries <- list()
  for (handler in handlers) {
    if (handler$kind != "reparam" || !is.function(handler$config)) next
    own <- Filter(is_user_reparam, ask_config(handler$config, statements))
    entries <- c(entries, own[setdiff(names(own), names(entries))])
  }
  entries
}

is_user_reparam <- function(x) {
  identical(x$kind, "user")
}

# The function for a statement that draws this site, NULL when there is none. Each is used once: it may draw the site
# itself.
take_user_reparam <- function(session, name, obs) {
  entry <- session$user_reparams[[name]]
  if (is.null(entry)) return(NULL)
  session$user_reparams[[name]] <- NULL
  session$used_reparams <- c(session$used_reparams, name)
  if (name %in% session$fixed_by_handler) return(NULL)
  if (!is.null(session$conditioned[[name]])) obs <- session$conditioned[[name]]
  if (anyNA(obs)) {
    warn_reparam(sprintf("Site `%s` is observed in part and is left as it is.", name), site = name)
    return(NULL)
  }
  list(fn = entry$fn, obs = obs)
}

# Runs the function in place of the statement; the site's value.
apply_user_reparam <- function(session, fn, name, dist, obs, dim, index, origin) {
  if (!is.null(index)) {
    stop_reparam(
      sprintf("Site `%s` is drawn in several statements, which a function cannot reparameterize.", name), site = name
    )
  }
  if (isTRUE(session$scaled)) {
    stop_reparam(
      sprintf("Site `%s` is drawn in `with_scale()`, where a function cannot reparameterize it.", name),
      "Its auxiliary sites would be scaled instead of its density. Leave this site out of `reparam()`.", site = name
    )
  }
  shape <- site_shape(session, name, dist, obs, dim, NULL, origin)
  outer <- session$original
  session$original <- if (is.null(outer)) name else outer
  on.exit(session$original <- outer)
  fn <- overlay_closure(fn, trace_state$memo) # sees `~` and the traced versions of functions, as the model does
  answer <- fn(list(name = name, dist = dist, dim = shape, value = obs, observed = !is.null(obs)))
  session$original <- outer
  answer <- check_user_answer(answer, name)
  if (!is.null(answer$dist)) return(draw_site(session, name, answer$dist, obs, shape, NULL, origin))
  if (is.null(answer)) return(draw_site(session, name, dist, obs, shape, NULL, origin))
  if (length(answer$value) != prod(shape)) {
    stop_reparam(
      sprintf("The reparameterizer of `%s` gives %s, but the site has %s.", name,
        elements_text(shape_of(answer$value)), elements_text(shape)), site = name
    )
  }
  value <- answer$value
  if (length(shape) > 1L) dim(value) <- shape
  add_record(session, name, value, origin)
  value
}

check_user_answer <- function(answer, name) {
  if (is.null(answer)) return(NULL)
  known <- is.list(answer) && !is.object(answer) && all(names(answer) %in% c("dist", "value", "observed"))
  if (known && is_dist(answer$dist) && (is.null(answer$value) || isTRUE(answer$observed))) return(answer)
  if (known && is.null(answer$dist) && !is.null(answer$value)) return(answer)
  stop_reparam(
    sprintf("The reparameterizer of `%s` returned %s.", name, describe(answer)),
    "It returns `list(dist = NULL, value = v)`, `list(dist = d)` or `NULL`.", site = name
  )
}

# Entries whose site was never drawn.
check_user_reparams <- function(session) {
  left <- setdiff(names(session$user_reparams), session$used_reparams)
  if (length(left)) {
    warn_reparam(
      sprintf("reparam(): no site is called %s.", names_text(left)),
      sprintf("The sites are %s.", names_text(session$site_names))
    )
  }
}
