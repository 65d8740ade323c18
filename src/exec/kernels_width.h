/* Everything that exists once per width; a template over VW. */
#include "simd.h"
#include "vmath.h"
#include "kernels_lane.h"
#include "kernels_affine.h"
