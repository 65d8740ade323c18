/* Metrics: the kinetic energy of a momentum, by the inverse mass matrix M^-1 (an estimate of the posterior's
 * covariance).  One kind a file; each is a row of the table in metric.c.
 *
 *   unit      the identity.
 *   diagonal  dim variances.
 *   dense     a dim x dim matrix.
 *   blocks    matrices for some sets of coordinates, variances for the others.
 *   lowrank   D^1/2 (I + U (L - I) U') D^1/2 with variances D and at most RP_MAX_RANK orthonormal columns U.
 *
 * `inverse` holds all that a metric is, in a form of its kind: what rp_metric_set() takes, so that a stored one comes
 * back bit for bit. */
#ifndef RP_INFER_METRIC_H
#define RP_INFER_METRIC_H

#include "../core/random.h"
#include "../core/status.h"
#include "../core/vector.h"
#include "archive.h"

typedef enum {
  RP_METRIC_UNIT = 0,
  RP_METRIC_DIAGONAL,
  RP_METRIC_DENSE,
  RP_METRIC_BLOCKS,
  RP_METRIC_LOWRANK,
  RP_METRIC_COUNT
} rp_metric_kind;
rp_metric_kind rp_metric_from_name(const char *name); /* RP_METRIC_COUNT: unknown */
enum { RP_MAX_RANK = 64 };

/* Sets of coordinates, none of which is in two: those of block b are coordinate[start[b]] .. [start[b + 1] - 1]. */
typedef struct {
  int32_t n;
  const int64_t *start;
  const int64_t *coordinate;
} rp_blocks;

typedef struct rp_metric rp_metric;

typedef struct {
  const char *name;
  int64_t (*size)(int64_t dim, const rp_blocks *blocks); /* of inverse and of factor; -1: too large */
  int64_t (*scratch)(int64_t dim, const rp_blocks *blocks);
  int (*set)(rp_metric *metric, const double *inverse);
  void (*draw)(const rp_metric *metric, double *momentum); /* from standard normal numbers, in place */
  void (*velocity)(const rp_metric *metric, const double *momentum, double *velocity);
} rp_metric_family;
extern const rp_metric_family rp_metric_diagonal, rp_metric_dense, rp_metric_blocks, rp_metric_lowrank;

struct rp_metric {
  rp_metric_kind kind;
  int64_t dim, size;
  double *inverse; /* size numbers; unit: NULL
                    *   diagonal: variances; dense: the matrix; blocks: dim variances (1 within blocks), then matrix
                    *   after matrix; lowrank: dim variances, the rank, RP_MAX_RANK eigenvalues, as many columns */
  double *factor;  /* variances' square roots and matrices' lower Cholesky factors in the same places; lowrank: square
                    *   roots of the variances */
  double *scratch;
  rp_blocks blocks; /* of a dense metric: one */
  const rp_metric_family *family;
  const rp_vector_loops *loops;
};

/* Starts as the identity.  blocks: those of RP_METRIC_BLOCKS, copied. RP_NO_MEMORY also when it is too large,
 * RP_BAD_ARGUMENT when blocks are not sets of coordinates. */
rp_code rp_metric_init(rp_metric *metric, rp_metric_kind kind, int64_t dim, const rp_blocks *blocks, rp_status *status);
void rp_metric_clear(rp_metric *metric);
/* Doubles in `inverse`: 0 for unit; -1: too large. */
int64_t rp_metric_size(rp_metric_kind kind, int64_t dim, const rp_blocks *blocks);
/* Where the matrix of a block begins in `inverse`; its size. */
int64_t rp_metric_block(const rp_metric *metric, int32_t block, int64_t *n);
/* Takes a new inverse mass matrix; variances that are not positive and finite leave the old ones. 0: a matrix that is
 * not positive definite (or eigenvalues that are not positive) left the old one. */
int rp_metric_set(rp_metric *metric, const double *inverse);
/* The metric's form of variances, or of a dim x dim matrix when `full`: of which a metric that is not dense takes what
 * it can hold. */
rp_code rp_metric_convert(const rp_metric *metric, const double *given, int full, double *inverse, rp_status *status);
/* Loading fails when the matrix is not positive definite. */
void rp_metric_archive(rp_metric *metric, rp_archive *archive);
/* momentum ~ N(0, M) */
void rp_metric_draw(const rp_metric *metric, rp_random *stream, double *momentum);
/* velocity = M^-1 momentum; returns their product, twice the kinetic energy. */
double rp_metric_velocity(const rp_metric *metric, const double *momentum, double *velocity);
/* The first half of a leapfrog step: half a step of the momentum and, with it, a step of the position. The new ones
 * may be stored where the old ones are. velocity is scratch memory. */
void rp_metric_depart(const rp_metric *metric, double step, const double *gradient, const double *momentum,
                      const double *position, double *new_momentum, double *new_position, double *velocity);
/* The second half, with the gradient there, of which a copy is kept: momentum and velocity; returns their product. */
double rp_metric_arrive(const rp_metric *metric, double step, const double *gradient, double *momentum,
                        double *velocity, double *kept_gradient);

/* ---- for the families ---- */

/* Variances to[i], where inverse[i] is positive and finite, within 1e-20 and 1e20, and their roots. */
void rp_metric_take_variances(int64_t n, const double *inverse, double *to, double *roots);
/* An n x n matrix and its Cholesky factor; 0: not positive definite, nothing has changed.  scratch: n x n. */
int rp_metric_take_matrix(int64_t n, const double *inverse, double *to, double *factor, double *scratch);

#endif
