/* Warm-up: how step size and metric are learned.  One schedule a file; each is a row of the table in warmup.c.
 *
 *   stan  windows of doubling length, at whose ends the metric becomes the regularised sample variance (or covariance)
 *         of the window and the step size starts again; not for low-rank metrics.
 *   fast  overlapping windows and a metric from draws and gradients (fisher.h): the diagonal at every draw; matrices
 *         now and then, from when a window has enough draws for them.
 *
 * Both may adapt a centering as well: at a window's end, from the draws of that window. */
#ifndef RP_INFER_WARMUP_H
#define RP_INFER_WARMUP_H

#include "centering.h"
#include "fisher.h"
#include "metric.h"
#include "nuts.h"
#include "step_size.h"

typedef enum { RP_SCHEDULE_STAN = 0, RP_SCHEDULE_FAST, RP_SCHEDULE_COUNT } rp_schedule_kind;
rp_schedule_kind rp_schedule_from_name(const char *name); /* RP_SCHEDULE_COUNT: unknown */

typedef struct rp_warmup rp_warmup;

/* What an update asks for, any of: the step size must be searched for again; the chain goes on at warmup->carried,
 * which is its position in coordinates of another centering. */
enum { RP_WARMUP_SEARCH = 1, RP_WARMUP_CARRIED = 2 };

/* What a schedule does. start: before the first iteration. update: after iteration `iteration` (from 0) of warm-up. */
typedef struct {
  const char *name;
  rp_code (*prepare)(rp_warmup *warmup, rp_status *status);
  void (*start)(rp_warmup *warmup, const double *position, const double *gradient);
  int (*update)(rp_warmup *warmup, int64_t iteration, const rp_nuts_stats *stats, const double *position,
                const double *gradient);
} rp_schedule;
extern const rp_schedule rp_schedule_stan, rp_schedule_fast;

/* Running mean and variance, or covariance (Welford 1962). */
typedef struct {
  int64_t n, dim;
  double *mean, *squares; /* squares: dim, or dim x dim */
  int32_t full;
} rp_moments;
rp_code rp_moments_init(rp_moments *moments, int64_t dim, int32_t full, rp_status *status);
void rp_moments_clear(rp_moments *moments);
void rp_moments_reset(rp_moments *moments);
void rp_moments_add(rp_moments *moments, const double *x);
void rp_moments_archive(rp_moments *moments, rp_archive *archive);

struct rp_warmup {
  const rp_schedule *schedule;
  rp_metric *metric; /* borrowed */
  int64_t iterations;
  double adapt_delta;
  double first_step_size; /* where the first search starts */
  rp_dual_averaging dual;
  double *inverse;         /* scratch for a new metric */
  double *gathered;        /* scratch, dim */
  int32_t metric_given;    /* by the user: keeps it until the draws know better */
  rp_centering *centering; /* NULL: there is none to adapt; borrowed */
  double *carried;
  /* stan */
  int64_t *window_end;
  int32_t n_windows, window;
  rp_moments draws;
  rp_moments *block_draws; /* one for each block of the metric */
  /* fast: two overlapping windows, of draws and of gradients */
  rp_moments draws_of[2], gradients_of[2];
  int64_t divergent_of[2];
  int32_t foreground;
  int64_t switch_size;
  int32_t metric_used, late; /* late: no window will end any more */
  rp_recent recent;          /* for matrices */
  rp_fisher_work work;
  int64_t matrix_draws;      /* from which the matrices in use were made; 0: none are in use */
  int32_t *has_matrix;       /* of each block (one for a low-rank metric): whether it is more than variances */
};

rp_warmup *rp_warmup_new(rp_schedule_kind kind, int64_t iterations, rp_metric *metric, double adapt_delta,
                         rp_status *status);
void rp_warmup_free(rp_warmup *warmup);
void rp_warmup_start(rp_warmup *warmup, const double *position, const double *gradient);
int rp_warmup_update(rp_warmup *warmup, int64_t iteration, const rp_nuts_stats *stats, const double *position,
                     const double *gradient);
/* Chooses the centering by the window's draws: RP_WARMUP_CARRIED, or 0 when nothing changed. */
int rp_warmup_recenter(rp_warmup *warmup, const double *position);
/* Matrices of the metric that are only variances still, for want of draws or because too many of them diverged. */
int32_t rp_warmup_missing(const rp_warmup *warmup);
/* A search ended at this step size: dual averaging starts there. */
void rp_warmup_restart(rp_warmup *warmup, double step_size);
/* All but the metric and the centering. */
void rp_warmup_archive(rp_warmup *warmup, rp_archive *archive);
double rp_warmup_step_size(const rp_warmup *warmup);       /* for the next iteration */
double rp_warmup_final_step_size(const rp_warmup *warmup); /* for sampling */

/* Iterations of the fast schedule that give a window enough draws for a matrix of so many coordinates. centers: a
 * centering is adapted too, whose choices empty the windows. */
int64_t rp_fast_iterations(int64_t coordinates, int centers);

/* Stan's windows of n iterations as their last iterations, in order: at most 70 of them, returns how many. The first
 * and the last only tune the step size; with n < 20 there is one window. */
enum { RP_MAX_WINDOWS = 70 };
int32_t rp_stan_windows(int64_t n, int64_t *last);

#endif
