# Failures of the C engine, raised as errors that name the site and the user's statement. Called from
# src/ffi/ffi_common.c.
stop_engine <- function(code, message, site, statement, spec) {
  at <- NULL
  statements <- if (is.list(spec)) spec$statements
  if (is.list(statements) && statement >= 1 && statement <= length(statements)) at <- statements[[statement]]
  if (!is.list(at)) at <- NULL
  text <- function(x) if (is.character(x) && length(x) == 1 && nzchar(x)) x
  subject <- if (nzchar(site)) paste0("Site `", site, "`: ") else if (code == "spec") "The spec is malformed: " else ""
  if (code == "spec" && nzchar(site)) subject <- paste0("The spec is malformed: site `", site, "`: ")
  if (code == "spec" && is.null(at) && statement >= 1) subject <- paste0(subject, "statement ", statement, ": ")
  stop_reparam(paste0(subject, message), hint = engine_hint(code), site = if (nzchar(site)) site, call = text(at$call),
               where = text(at$where), class = paste0("reparam_", code))
}

engine_hint <- function(code) {
  switch(code,
    memory = "Keep fewer sites (`keep =`), draw less, or use a machine with more memory.",
    spec = "Make specs with `model_spec()` and do not edit them.",
    not_finite = "Check the data against the model, or give `init =` values.",
    NULL
  )
}

warn_engine <- function(warnings) {
  for (text in warnings) warn_reparam(text)
}
