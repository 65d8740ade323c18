/* The handler stack: what each kind of handler does to a message. One file a handler in handler/.
 *
 * set_value handlers put a value under a site's original name and say where it came from; a reparam handler replaces
 * the message by auxiliary ones.  All take the handler's own data from the spec and leave memory alone. */
#ifndef RP_MODEL_HANDLER_H
#define RP_MODEL_HANDLER_H

#include "reparam.h"
#include "run.h"

/* Runs the value-setting handlers of the stack, innermost first, until one hides the site. */
void rp_handlers_set_value(rp_run *run, rp_message *message);
/* Of these, what gives values to latent sites only: for the unknown events of a site that is partly observed. */
void rp_handlers_fill(rp_run *run, rp_message *message);
/* Lets the reparam handlers, then the fit's strategy, replace or change a message; what the last one did. */
rp_reparam_result rp_handlers_reparameterize(rp_run *run, rp_message *message);

void rp_handler_condition(rp_run *run, const rp_handler_spec *handler, rp_message *message);
void rp_handler_intervene(rp_run *run, const rp_handler_spec *handler, rp_message *message);
void rp_handler_substitute(rp_run *run, const rp_handler_spec *handler, rp_message *message); /* and replay */
void rp_handler_given(rp_run *run, rp_message *message); /* the same from run-time inputs */
void rp_handler_block(const rp_handler_spec *handler, rp_message *message);
rp_reparam_result rp_handler_reparam(rp_run *run, int32_t handler_index, rp_message *message);

/* The value that a handler holds for the message's events, engine layout, in the run's pool; NULL: none, or a failure
 * in the run's status when the length is wrong. */
const double *rp_handler_value(rp_run *run, const rp_named_value *values, int32_t n_values, const rp_message *message);

#endif
