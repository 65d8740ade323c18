/* Many standard normals from one stream, about ten times faster than one by one with rp_random_normal(). */
#ifndef RP_CORE_RANDOM_NORMALS_H
#define RP_CORE_RANDOM_NORMALS_H

#include "random.h"

/* n standard normals; other numbers than n calls of rp_random_normal() give. The stream is used up in whole blocks, so
 * that what it gives afterwards depends on n. Thread safe. */
void rp_random_normals(rp_random *stream, int64_t n, double *out);

#endif
