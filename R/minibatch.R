# Minibatches: plates with a subsample, of which each evaluation looks at a random choice (src/model/minibatch.h).
#
# The index is a traced value, the SITE of the statement that enters the plate, with which data are gathered when the
# program runs. A model is traced twice for a fit: with minibatches to train on, and whole for everything else.

# Is some plate looked at in minibatches?
in_batches <- function(spec) {
  any(vapply(spec$statements, function(s) !is.null(s$subsample), NA))
}

check_subsample <- function(subsample, name, size) {
  subsample <- check_plate_size(subsample, sprintf("`subsample` of the plate `%s`", name))
  if (subsample > size) {
    stop_reparam(sprintf("`subsample` of the plate `%s` is %d, but the plate has size %d.", name, subsample, size))
  }
  subsample
}

# The index of a minibatch is a value that is known when the program runs only, like that of a site.
enter_batch <- function(session, name, size, subsample, call) {
  number <- session$n + 1L
  index <- trace_site(number, subsample)
  fields <- list(scope = "plate", name = name, size = size, subsample = subsample, node = trace_row(index))
  enter_scope(session, fields, call)
  session$batch_sites <- c(session$batch_sites, number)
  index
}

# Is this made of data and the indices of minibatches alone?
is_batch_value <- function(session, x) {
  length(session$batch_sites) > 0L && has_codes(x) && all(trace_depends(x) %in% session$batch_sites)
}

# `y[i] ~ ...` with the index of a minibatch: observes the data that are gathered there when the program runs.
draw_in_batch <- function(session, target, dist, binding, origin) {
  name <- target$name
  if (binding$kind != "data") stop_latent_in_batch(name, origin)
  data <- observed_numbers(binding$value, name, origin)
  if (anyNA(data)) {
    stop_reparam(
      sprintf("The data of site `%s` are NA%s, and the plate has a `subsample`.", name,
              element_text(which(is.na(data)), data)),
      "Leave these observations out.", site = name, call = origin$call, where = origin$where
    )
  }
  index <- lapply(target$index, function(i) if (is.null(i)) quote(expr = ) else i)
  draw_site(session, name, dist, do.call(traced_at, c(list(data), index), quote = TRUE), NULL, NULL, origin)
}

stop_latent_in_batch <- function(name, origin) {
  stop_reparam(
    sprintf("Site `%s` stands in a plate with `subsample`, but does not observe data by its index.", name),
    c(sprintf("Data are observed as `%s[i] ~ ...`, with the plate's index.", name),
      "Latent sites are drawn outside of the plate, and taken inside as `z[i]`."),
    site = name, call = origin$call, where = origin$where
  )
}
