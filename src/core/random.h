/* Counter-based random numbers: threefry2x64-20 (Salmon et al. 2011) keyed by (seed, chain), counted by (site, draw).
 *
 * A stream is a value on the stack; opening one costs nothing, so every site of every draw opens its own and draws do
 * not depend on the number of cores, lanes or chains. */
#ifndef RP_CORE_RANDOM_H
#define RP_CORE_RANDOM_H

#include <stdint.h>

typedef struct {
  uint64_t key[2];
  uint64_t counter[2];
  uint64_t spare; /* second word of the last block */
  int32_t has_spare;
} rp_random;

/* Where random numbers of one run come from; a program takes one of these per lane. */
typedef struct {
  uint64_t seed;
  uint64_t chain;
  uint64_t draw;
} rp_random_key;

/* Opens the stream of one site (any 32-bit id, usually rp_random_site()) of one draw. */
rp_random rp_random_open(rp_random_key key, uint32_t site);

/* FNV-1a of a name, mixed with an element number (0 for a whole site). */
uint32_t rp_random_site(const char *name, uint32_t element);

uint64_t rp_random_bits(rp_random *stream);
double rp_random_uniform(rp_random *stream);     /* open interval (0, 1), 53 bits */
double rp_random_normal(rp_random *stream);
double rp_random_exponential(rp_random *stream); /* rate 1 */
double rp_random_gamma(rp_random *stream, double shape); /* rate 1, any shape > 0 (Marsaglia & Tsang 2000) */
/* Logarithm of a gamma draw: finite where a small shape makes the draw itself underflow to 0 (beta, Dirichlet). */
double rp_random_log_gamma(rp_random *stream, double shape);

/* The generator itself: the block of two words at a counter. */
void rp_threefry2x64(const uint64_t key[2], const uint64_t counter[2], uint64_t block[2]);

/* Draws one event of a family: arguments[k] points to the values of argument k for this event. */
typedef void (*rp_sampler)(rp_random *stream, const double *const *arguments, int64_t event_size, double *event);

#endif
