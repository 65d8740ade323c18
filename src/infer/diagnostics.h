/* Convergence diagnostics of one quantity, with the definitions of Vehtari, Gelman, Simpson, Carpenter & Buerkner
 * (2021) as the posterior package computes them. */
#ifndef RP_INFER_DIAGNOSTICS_H
#define RP_INFER_DIAGNOSTICS_H

#include <stdint.h>

#include "../core/status.h"

/* NaN where a value is not finite, all are equal, or there are too few (posterior's NA). */
typedef struct {
  double rhat; /* rank-normalised split R-hat, the larger of bulk and folded */
  double ess_bulk, ess_tail;
  double ess_mean, mcse_mean;
} rp_convergence;

/* Scratch for quantities of one shape, used again for each; owned by the caller. */
typedef struct rp_diagnostics rp_diagnostics;
rp_diagnostics *rp_diagnostics_new(int64_t n_iterations, int32_t n_chains, rp_status *status);
void rp_diagnostics_free(rp_diagnostics *diagnostics);

/* x: n_iterations values of chain 0, then of chain 1, ... */
rp_convergence rp_diagnose(rp_diagnostics *diagnostics, const double *x);
/* All variables of draws [variable][chain][iteration], on at most so many threads. RP_INTERRUPTED when the hook, which
 * the caller's thread calls every 50 ms (not when one thread is enough), says so. */
typedef struct {
  void *context;
  int (*interrupted)(void *context); /* may be NULL */
} rp_diagnose_hooks;
rp_code rp_diagnose_all(const double *draws, int64_t n_iterations, int32_t n_chains, int64_t n_variables, int32_t cores,
                        const rp_diagnose_hooks *hooks, rp_convergence *results, rp_status *status);
double rp_rhat(rp_diagnostics *diagnostics, const double *x); /* only R-hat */
double rp_ess_bulk(rp_diagnostics *diagnostics, const double *x);

/* Energy Bayesian fraction of missing information of one chain (Betancourt 2016); below 0.3 the momentum refreshment is
 * too timid for the posterior's energies. */
double rp_ebfmi(const double *energy, int64_t n);

#endif
