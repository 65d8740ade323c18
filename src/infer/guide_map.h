/* A trained guide as a map of standard noise: its blocks with their parameters as plain numbers. */
#ifndef RP_INFER_GUIDE_MAP_H
#define RP_INFER_GUIDE_MAP_H

#include "../core/pool.h"
#include "../model/transport.h"
#include "guide.h"

/* Fills in context, forward, inverse, n_groups, first and first_noise; the transport's n coordinates are those of the
 * blocks' index. separate: each site of a structured guide is a group, otherwise all is one. blocks and parameters
 * (n_parameters numbers, block after block) are copied into the pool, structures must be in it. RP_BAD_ARGUMENT: a
 * guide that is no map of noise (a point), or (separate) no structured one. RP_BAD_SPEC: numbers that do not fit. */
rp_code rp_guide_map(rp_transport *transport, const rp_guide_block *blocks, int32_t n_blocks, const double *parameters,
                     int64_t n_parameters, int separate, rp_pool *pool, rp_status *status);

#endif
