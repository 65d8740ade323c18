/* Reparameterizers: a message replaced by auxiliary messages and a computed value. One file each in reparam/.
 *
 * Each has the form: apply(run, message) -> 1 done (message->value is set), 0 does not apply to this distribution; a failure is in
 * the run's status.  Only latent messages get here: observed events keep their own density, so nothing has to be undone. */
#ifndef RP_MODEL_REPARAM_H
#define RP_MODEL_REPARAM_H

#include "run.h"

/* One entry of a configuration; explicit entries that cannot apply are errors. */
int rp_reparam_apply(rp_run *run, const rp_reparam *reparam, rp_message *message);
/* The strategy's choice; 0 when it leaves the site alone. */
int rp_reparam_strategy(rp_run *run, rp_strategy strategy, double centered, rp_message *message);

int rp_reparam_transform(rp_run *run, rp_message *message);
int rp_reparam_loc_scale(rp_run *run, double centered, rp_message *message);
/* Whether loc_scale can be used, without doing it. */
int rp_reparam_is_loc_scale(const rp_distribution *dist);

#endif
