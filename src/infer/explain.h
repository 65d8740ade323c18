/* Why no starting point works: the first site whose log density is not finite there, and the argument that is to
 * blame. */
#ifndef RP_INFER_EXPLAIN_H
#define RP_INFER_EXPLAIN_H

#include "../model/model.h"

/* options: those the model was built with.  q: the last position tried; inputs: the centering there, or NULL. 
 * Describes the failure in status (RP_NOT_FINITE, with the site); builds and frees a model of its own, so it may run
 * on any thread. */
void rp_explain_start(const rp_spec *spec, const rp_model_options *options, const double *q, const double *inputs,
                      rp_status *status);

#endif
