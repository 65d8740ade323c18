/* What latent_stable, symmetric_stable and stable share; memory and failures are as in reparam.h. */
#ifndef RP_MODEL_REPARAM_STABLE_PARTS_H
#define RP_MODEL_REPARAM_STABLE_PARTS_H

#include "../reparam.h"

int rp_is_stable(const rp_run *run, const rp_message *message);
/* Draws x_<prefix>uniform on (-pi/2, pi/2) and x_<prefix>exponential with rate 1, starting there (RP_NONE: anywhere);
 * 0: failed. */
int rp_stable_noise(rp_run *run, const rp_message *message, const char *prefix, const rp_node_id start[2],
                    rp_node_id noise[2]);

#endif
