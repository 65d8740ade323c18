/* Metrics from draws and their gradients.
 *
 * The M^-1 that minimises the Fisher divergence between the draws in its coordinates and a standard normal solves
 * M^-1 Cov(gradients) M^-1 = Cov(draws): the geometric mean of Cov(draws) and Cov(gradients)^-1 (Seyboldt, Carlson &
 * Carpenter 2025).  Coordinates are first scaled by the fourth root of var draws / var gradients, where the mean of a
 * coordinate by itself is 1; both covariances are shrunk a little to the identity, so that directions that no draw
 * shows stay as they are; eigenvalues within a factor of 2 of 1 are noise, and become 1.
 *
 * All work memory is taken before: these functions allocate nothing, but for rp_fisher_lowrank_of(). */
#ifndef RP_INFER_FISHER_H
#define RP_INFER_FISHER_H

#include "metric.h"

/* The newest draws of a chain with their gradients, up to a capacity. */
typedef struct {
  int64_t dim, capacity, added;
  double *draws, *gradients; /* [capacity][dim] */
} rp_recent;
rp_code rp_recent_init(rp_recent *recent, int64_t dim, int64_t capacity, rp_status *status);
void rp_recent_clear(rp_recent *recent);
void rp_recent_add(rp_recent *recent, const double *draw, const double *gradient);

void rp_recent_archive(rp_recent *recent, rp_archive *archive);

/* Memory for estimates from at most so many draws, of at most so many coordinates. */
enum { RP_FISHER_MATRICES = 5 };
typedef struct {
  int64_t draws, coordinates;
  int order; /* of the largest matrix */
  double *memory;
  int *integers;
  double *scale, *rows;  /* coordinates; coordinates x 2 draws: draws, then gradients, scaled */
  double *basis, *at;    /* coordinates x order, orthonormal; order x order: rows in the basis */
  double *matrix[RP_FISHER_MATRICES], *values, *other_values; /* order x order, order */
  double *lapack;
  int *support, *ilapack, *kept;
  int n_lapack, n_ilapack;
} rp_fisher_work;
/* spans: for rp_fisher_lowrank(), whose matrices are no larger than what draws and gradients span. */
rp_code rp_fisher_work_init(rp_fisher_work *work, int64_t draws, int64_t coordinates, int spans, rp_status *status);
void rp_fisher_work_clear(rp_fisher_work *work);

/* The newest n draws' b x b matrix of the coordinates at[0 .. b - 1]. 0: they do not tell (a variance is 0 or not
 * finite). */
int rp_fisher_dense(rp_fisher_work *work, const rp_recent *recent, int64_t n, const int64_t *at, int64_t b,
                    double *matrix);
/* The form of a low-rank metric. 0 as above. */
int rp_fisher_lowrank(rp_fisher_work *work, const rp_recent *recent, int64_t n, double *inverse);
/* The low-rank form next to a given dim x dim inverse mass matrix. RP_BAD_ARGUMENT: it is not positive definite. */
rp_code rp_fisher_lowrank_of(int64_t dim, const double *matrix, double *inverse, rp_status *status);

#endif
