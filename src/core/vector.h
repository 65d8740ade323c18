/* The loops of Hamiltonian trajectories over vectors of doubles, and normal numbers for momenta, with wide registers
 * where the machine has them.
 *
 * Sums are kept as eight running sums, element i in sum i % 8, added up by a fixed tree, and nothing is contracted:
 * the results are the same for every width of the registers. Vectors need no alignment and no padding. Outputs may
 * be the inputs of the same name, no other overlap. `inverse` is a diagonal inverse mass matrix, NULL for the unit
 * matrix. Nothing fails, nothing is allocated. */
#ifndef RP_CORE_VECTOR_H
#define RP_CORE_VECTOR_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  /* sum of a[i] b[i] */
  double (*dot)(size_t n, const double *a, const double *b);
  /* out = y + factor x */
  void (*axpy)(size_t n, double factor, const double *x, const double *y, double *out);
  /* The first half of a leapfrog step: p_out = p + kick g, q_out = q + drift inverse p_out. */
  void (*kick_drift)(size_t n, double kick, double drift, const double *inverse, const double *g, const double *p,
                     const double *q, double *p_out, double *q_out);
  /* The second half: p += kick g, v = inverse p, g_out = g; returns p'v. */
  double (*kick_energy)(size_t n, double kick, const double *inverse, const double *g, double *p, double *v,
                        double *g_out);
  /* along[0] = u'(a + b), along[1] = v'(a + b); sum = a + b unless it is NULL. */
  void (*along)(size_t n, const double *u, const double *v, const double *a, const double *b, double *sum,
                double along[2]);
  /* Standard normal numbers from the blocks of threefry2x64 that begin at this counter, two a block. */
  void (*normals)(const uint64_t key[2], const uint64_t counter[2], size_t n, double *out);
} rp_vector_loops;

/* The fastest that this machine can run. */
const rp_vector_loops *rp_vector_best(void);
/* Those of the base instruction set and of AVX2; NULL where a build has none. For tests. */
const rp_vector_loops *rp_vector_base(void);
const rp_vector_loops *rp_vector_avx2(void);

#endif
