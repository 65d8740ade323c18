/* Registers the routines that R calls. */
#define R_NO_REMAP
#include <R.h>
#include <R_ext/Rdynload.h>
#include <R_ext/Visibility.h>
#include <Rinternals.h>

#include "ffi/ffi_entries.h"
#include "ffi/ffi_trace.h"

static const R_CallMethodDef entries[] = {
    {"ffi_sample_nuts", (DL_FUNC) &ffi_sample_nuts, 2},
    {"ffi_choose_rows", (DL_FUNC) &ffi_choose_rows, 3},
    {"ffi_initial_position", (DL_FUNC) &ffi_initial_position, 2},
    {"ffi_fit_svi", (DL_FUNC) &ffi_fit_svi, 3},
    {"ffi_model_table", (DL_FUNC) &ffi_model_table, 2},
    {"ffi_log_density", (DL_FUNC) &ffi_log_density, 3},
    {"ffi_generate", (DL_FUNC) &ffi_generate, 3},
    {"ffi_diagnose", (DL_FUNC) &ffi_diagnose, 2},
    {"ffi_dist_evaluate", (DL_FUNC) &ffi_dist_evaluate, 3},
    {"ffi_model_program", (DL_FUNC) &ffi_model_program, 2},
    {"ffi_resolve_isa", (DL_FUNC) &ffi_resolve_isa, 1},
    FFI_TRACE_ENTRIES
    {NULL, NULL, 0}};

void R_init_reparam(DllInfo *dll);

/* Everything else stays hidden (C_VISIBILITY in Makevars). */
attribute_visible void R_init_reparam(DllInfo *dll) {
  R_registerRoutines(dll, NULL, entries, NULL, NULL);
  R_useDynamicSymbols(dll, FALSE);
  R_forceSymbols(dll, TRUE);
}
