/* The entry points that init.c registers, besides those of the tracer (ffi_trace.h). Each takes a spec list and a
 * list of options (control) and raises R errors through ffi_stop(). */
#ifndef RP_FFI_ENTRIES_H
#define RP_FFI_ENTRIES_H

#define R_NO_REMAP
#include <R.h>
#include <Rinternals.h>

SEXP ffi_sample_nuts(SEXP spec, SEXP control);
/* Of an array [iteration, chain, ...] some chains (one-based integers) and the first iterations. */
SEXP ffi_choose_rows(SEXP x, SEXP chains, SEXP rows);
/* Unconstrained coordinates at control$init; those that it leaves open are drawn for control$chain, control$try. */
SEXP ffi_initial_position(SEXP spec, SEXP control);
SEXP ffi_fit_svi(SEXP spec, SEXP guide, SEXP control);
/* Sites with their values and log densities in one draw from the prior. */
SEXP ffi_model_table(SEXP spec, SEXP control);
/* Log density and gradient at unconstrained values (a vector), or at a named list of site values. */
SEXP ffi_log_density(SEXP spec, SEXP control, SEXP values);
/* Values of the sites named in control$keep, given unconstrained draws [iteration, chain, coordinate], or from the
 * prior (draws NULL, control$draws of them). */
SEXP ffi_generate(SEXP spec, SEXP control, SEXP draws);
/* R-hat, bulk, tail and mean ESS and the mean's MCSE, a column each, of every variable of [iteration, chain,
 * variable]. */
SEXP ffi_diagnose(SEXP draws, SEXP cores);
/* Log density, cdf, quantile, mean or variance of the distribution of a spec's first statement (ffi_dist.c). */
SEXP ffi_dist_evaluate(SEXP spec, SEXP what, SEXP x);
/* The program of log density and gradient: its size, its graph and its instructions as text. */
SEXP ffi_model_program(SEXP spec, SEXP control);
/* The name of the instruction set that is used when this one is asked for. */
SEXP ffi_resolve_isa(SEXP isa);

#endif
