#' The program that a model becomes
#'
#' What the sampler evaluates at each of its steps, log density and gradient together: how many stages and instructions,
#' how much memory. A fit takes the memory of its data, of the draws that are stored, and of this.
#'
#' @inheritParams reparam_map
#' @param lanes Chains that share a core; the answer says how many of them it pays to evaluate side by side.
#' @return A list of class `reparam_program`:
#'   * `isa`: the instruction set (see `options(reparam.isa)` in [fit_nuts()]);
#'   * `lanes`: chains evaluated side by side, at most `lanes`;
#'   * `coordinates`: unconstrained coordinates;
#'   * `stages`, `loops`, `scans`, `instructions`: numbers of these; a loop runs over blocks of 256 numbers, a scan step
#'     by step;
#'   * `slots`: blocks of 256 numbers that hold intermediate vectors;
#'   * `bytes`: a list of `constants` (data and what is made of them alone) and `code`, which are there once, and
#'     `chain`, for each chain that runs, beside the sampler's own vectors;
#'   * `listing`: the instructions, and `graph`: the log density before passes and gradient, each one text.
#' @section Errors:
#' Those of [model_spec()].
#' @examples
#' m <- model(function(x, y) {
#'   b ~ normal(0, 1)
#'   s ~ half_normal(1)
#'   y ~ normal(b * x, s)
#' })
#' p <- model_program(m, list(x = 1:100, y = sin(1:100)))
#' p
#' cat(p$listing)
#' @export
model_program <- function(model, data = list(), reparam = "minimal", prune = TRUE, lanes = 1) {
  control <- c(model_control(reparam, prune, 0), list(lanes = check_whole(lanes, "lanes", 1, 1e5)))
  spec <- fit_spec(with_strategy(model, reparam), data)
  structure(.Call(ffi_model_program, spec, control), class = "reparam_program")
}

#' @export
format.reparam_program <- function(x, ...) {
  count <- function(n, what) paste0(n, " ", what, if (n != 1) "s")
  size <- function(bytes) paste(format(round(bytes / 1024, 1), nsmall = 1), "KB")
  parts <- c(count(x$loops, "loop"), if (x$scans > 0) count(x$scans, "scan"), count(x$slots, "slot"))
  c(
    sprintf("Program of log density and gradient (%s): %s", x$isa, count(x$coordinates, "coordinate")),
    paste0(count(x$instructions, "instruction"), " in ", count(x$stages, "stage"), ": ", paste(parts, collapse = ", ")),
    sprintf("memory: data %s, code %s, each chain %s",
            size(x$bytes$constants), size(x$bytes$code), size(x$bytes$chain)),
    if (x$lanes > 1) sprintf("%d chains on one core run side by side", x$lanes)
  )
}

#' @export
print.reparam_program <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}
