#include "fisher.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/linalg.h"

/* The identity counts as much as so many draws: little, since for a Gaussian as many draws as coordinates tell all. */
static const double SHRINKAGE = 1e-3;
/* Directions of the sample with less than this share of the largest variance are rounding. */
static const double NEGLIGIBLE = 1e-10;

enum { MATRICES = RP_FISHER_MATRICES, VECTORS = 4 }; /* VECTORS: the matrix that find_mean() leaves eigenvectors in */

/* Scaled draws and gradients of some coordinates, and what becomes of them, in the work memory. */
typedef struct {
  rp_fisher_work *work;
  int n, b, r;   /* draws, coordinates, size of the basis */
  int has_basis; /* 0: all coordinates are the basis, r = b */
  double *at;    /* r x 2n: draws, then gradients, in the basis */
} rp_sample;

static void find_work_of_eigen(rp_fisher_work *work);
static int take_sample(rp_fisher_work *work, const rp_recent *recent, int64_t n, const int64_t *at, int64_t b,
                       rp_sample *sample);
static int find_basis(rp_sample *sample);
static int find_mean(const rp_sample *sample);
static int geometric_mean(rp_fisher_work *work, int r, const double *a, double *b, double *mean);
static int eigen(rp_fisher_work *work, int n, double *matrix, double *values, double *vectors);
static int keep_far_modes(int r, const double *values, int most, int *kept);
static void orthonormalise(int64_t dim, int rank, double *columns);
static void multiply(const char *ta, const char *tb, int m, int n, int k, const double *a, int lda, const double *b,
                     int ldb, double *c);
static int is_far(double value) { return value > 2 || value < 0.5; }

/* ---- the newest draws ---- */

rp_code rp_recent_init(rp_recent *recent, int64_t dim, int64_t capacity, rp_status *status) {
  *recent = (rp_recent){.dim = dim, .capacity = capacity};
  if (capacity <= INT64_MAX / 16 / (dim + 1)) {
    recent->draws = malloc((size_t) (capacity * dim) * sizeof(double) + 1);
    recent->gradients = malloc((size_t) (capacity * dim) * sizeof(double) + 1);
  }
  if (recent->draws && recent->gradients) return RP_OK;
  rp_recent_clear(recent);
  return rp_fail_memory(status, "warm-up");
}

void rp_recent_clear(rp_recent *recent) {
  free(recent->draws);
  free(recent->gradients);
  recent->draws = recent->gradients = NULL;
}

void rp_recent_add(rp_recent *recent, const double *draw, const double *gradient) {
  size_t dim = (size_t) recent->dim, row = (size_t) (recent->added++ % recent->capacity);
  memcpy(recent->draws + row * dim, draw, dim * sizeof(double));
  memcpy(recent->gradients + row * dim, gradient, dim * sizeof(double));
}

void rp_recent_archive(rp_recent *recent, rp_archive *archive) {
  rp_archive_integer(archive, &recent->added, 0, INT64_C(1) << 53);
  const int64_t filled = recent->added < recent->capacity ? recent->added : recent->capacity;
  rp_archive_numbers(archive, recent->draws, filled * recent->dim);
  rp_archive_numbers(archive, recent->gradients, filled * recent->dim);
}

/* ---- work memory ---- */

rp_code rp_fisher_work_init(rp_fisher_work *work, int64_t draws, int64_t coordinates, int spans, rp_status *status) {
  *work = (rp_fisher_work){.draws = draws, .coordinates = coordinates};
  int64_t order = spans && 2 * draws < coordinates ? 2 * draws : coordinates;
  if (order < 1) order = 1;
  if (draws > INT32_MAX / 4 || coordinates > INT32_MAX / 4 || order > INT32_MAX / 32)
    return rp_fail_memory(status, "warm-up");
  work->order = (int) order;
  find_work_of_eigen(work);
  const int64_t squares = (MATRICES + (spans ? 1 : 0)) * order * order, ends = 2 * draws + 1 + (spans ? order : 0);
  work->memory = malloc((size_t) (squares + coordinates * ends + 2 * order + work->n_lapack) * sizeof(double));
  work->integers = malloc((size_t) (2 * order + work->n_ilapack + coordinates) * sizeof(int));
  if (!work->memory || !work->integers) {
    rp_fisher_work_clear(work);
    return rp_fail_memory(status, "warm-up");
  }
  double *next = work->memory;
  for (int k = 0; k < MATRICES; k++, next += order * order) work->matrix[k] = next;
  work->values = next;
  work->other_values = next += order;
  work->lapack = next += order;
  work->scale = next += work->n_lapack;
  work->rows = next += coordinates;
  if (spans) {
    work->basis = next += 2 * draws * coordinates;
    work->at = next + coordinates * order;
  }
  work->support = work->integers;
  work->ilapack = work->support + 2 * order;
  work->kept = work->ilapack + work->n_ilapack;
  return RP_OK;
}

void rp_fisher_work_clear(rp_fisher_work *work) {
  free(work->memory);
  free(work->integers);
  *work = (rp_fisher_work){0};
}

/* What LAPACK wants for the largest order, which is enough for all. */
static void find_work_of_eigen(rp_fisher_work *work) {
  double none = 0, wanted = 0;
  int n = work->order, zero = 0, found = 0, info = 0, query = -1, iwanted = 0, support[2];
  dsyevr_("V", "A", "L", &n, &none, &n, &none, &none, &zero, &zero, &none, &found, &none, &none, &n, support, &wanted,
          &query, &iwanted, &query, &info, 1, 1, 1);
  work->n_lapack = (int) fmax(wanted, 26.0 * n);
  work->n_ilapack = iwanted > 10 * n ? iwanted : 10 * n;
}

/* ---- the metrics ---- */

int rp_fisher_dense(rp_fisher_work *work, const rp_recent *recent, int64_t n, const int64_t *at, int64_t b,
                    double *matrix) {
  rp_sample sample;
  if (!take_sample(work, recent, n, at, b, &sample)) return 0;
  /* also for few draws: all coordinates are the basis */
  sample.at = work->rows;
  sample.r = sample.b;
  if (!find_mean(&sample)) return 0;
  double *columns = work->matrix[0], *vectors = work->matrix[VECTORS];
  int rank = keep_far_modes(sample.r, work->values, sample.r, work->kept);
  for (int k = 0; k < rank; k++) {
    double root = sqrt(fabs(work->values[work->kept[k]] - 1));
    for (int64_t i = 0; i < b; i++) columns[i + b * k] = root * vectors[i + b * work->kept[k]];
  }
  memset(matrix, 0, (size_t) (b * b) * sizeof *matrix);
  for (int64_t i = 0; i < b; i++) matrix[i * (b + 1)] = 1;
  for (int k = 0; k < rank; k++) {
    double sign = work->values[work->kept[k]] > 1 ? 1 : -1;
    const double *u = columns + b * k;
    for (int64_t j = 0; j < b; j++)
      for (int64_t i = 0; i < b; i++) matrix[i + b * j] += sign * u[i] * u[j];
  }
  for (int64_t j = 0; j < b; j++)
    for (int64_t i = 0; i < b; i++) matrix[i + b * j] *= work->scale[i] * work->scale[j];
  return 1;
}

int rp_fisher_lowrank(rp_fisher_work *work, const rp_recent *recent, int64_t n, double *inverse) {
  const int64_t dim = recent->dim;
  rp_sample sample;
  int kept[RP_MAX_RANK];
  if (!take_sample(work, recent, n, NULL, dim, &sample) || !find_basis(&sample) || !find_mean(&sample)) return 0;
  int rank = keep_far_modes(sample.r, work->values, RP_MAX_RANK, kept);
  double *columns = inverse + dim + 1 + RP_MAX_RANK;
  memset(inverse + dim, 0, (size_t) (1 + RP_MAX_RANK + RP_MAX_RANK * dim) * sizeof(double));
  for (int64_t i = 0; i < dim; i++) inverse[i] = work->scale[i] * work->scale[i];
  inverse[dim] = rank;
  for (int k = 0; k < rank; k++) {
    const double *mode = work->matrix[VECTORS] + (int64_t) sample.r * kept[k];
    inverse[dim + 1 + k] = work->values[kept[k]];
    if (!sample.has_basis) memcpy(columns + k * dim, mode, (size_t) dim * sizeof(double));
    else multiply("N", "N", sample.b, 1, sample.r, work->basis, sample.b, mode, sample.r, columns + k * dim);
  }
  orthonormalise(dim, rank, columns);
  return 1;
}

rp_code rp_fisher_lowrank_of(int64_t dim, const double *matrix, double *inverse, rp_status *status) {
  rp_fisher_work work;
  int kept[RP_MAX_RANK];
  if (rp_fisher_work_init(&work, 0, dim, 0, status) != RP_OK) return status->code;
  double *scaled = work.matrix[0], *values = work.values, *vectors = work.matrix[VECTORS];
  for (int64_t j = 0; j < dim; j++)
    for (int64_t i = 0; i < dim; i++)
      scaled[i + dim * j] = matrix[i + dim * j] / sqrt(matrix[i * (dim + 1)] * matrix[j * (dim + 1)]);
  if (!eigen(&work, (int) dim, scaled, values, vectors) || !(values[0] > 0))
    rp_fail(status, RP_BAD_ARGUMENT, NULL, "the inverse metric is not positive definite");
  if (status->code == RP_OK) {
    int rank = keep_far_modes((int) dim, values, RP_MAX_RANK, kept);
    for (int64_t i = 0; i < dim; i++) inverse[i] = matrix[i * (dim + 1)];
    inverse[dim] = rank;
    for (int k = 0; k < rank; k++) {
      double *column = inverse + dim + 1 + RP_MAX_RANK + k * dim;
      inverse[dim + 1 + k] = values[kept[k]];
      memcpy(column, vectors + dim * kept[k], (size_t) dim * sizeof(double));
    }
  }
  rp_fisher_work_clear(&work);
  return status->code;
}

/* ---- steps ---- */

/* at NULL: all coordinates. */
static int take_sample(rp_fisher_work *work, const rp_recent *recent, int64_t n, const int64_t *at, int64_t b,
                       rp_sample *sample) {
  if (n > recent->capacity) n = recent->capacity;
  if (n > recent->added) n = recent->added;
  if (n > work->draws) n = work->draws;
  if (n < 2 || b < 1 || b > work->coordinates) return 0;
  *sample = (rp_sample){.work = work, .n = (int) n, .b = (int) b};
  double *const halves[2] = {work->rows, work->rows + n * b};
  const double *const stored[2] = {recent->draws, recent->gradients};
  for (int64_t i = 0; i < b; i++) {
    double variance[2];
    for (int h = 0; h < 2; h++) {
      double mean = 0, squares = 0;
      for (int64_t k = 0; k < n; k++) {
        int64_t row = (recent->added - 1 - k) % recent->capacity;
        double x = stored[h][row * recent->dim + (at ? at[i] : i)];
        mean += (x - mean) / (double) (k + 1);
        halves[h][i + b * k] = x;
      }
      for (int64_t k = 0; k < n; k++) {
        double x = halves[h][i + b * k] -= mean;
        squares += x * x;
      }
      variance[h] = squares;
    }
    double scale = sqrt(sqrt(variance[0] / variance[1]));
    if (!(scale > 1e-10 && scale < 1e10)) return 0;
    work->scale[i] = scale;
    for (int64_t k = 0; k < n; k++) {
      halves[0][i + b * k] /= scale;
      halves[1][i + b * k] *= scale;
    }
  }
  return 1;
}

/* Of the space that draws and gradients span, from the eigenvectors V of their Gram matrix V L V': rows V L^-1/2. */
static int find_basis(rp_sample *s) {
  rp_fisher_work *work = s->work;
  int m = 2 * s->n, b = s->b;
  s->has_basis = m < b;
  s->at = s->has_basis ? work->at : work->rows;
  s->r = b;
  if (!s->has_basis) return 1;
  double one = 1, zero = 0, *gram = work->matrix[0], *vectors = work->matrix[1], *values = work->values;
  dsyrk_("L", "T", &m, &b, &one, work->rows, &b, &zero, gram, &m, 1, 1);
  if (!eigen(work, m, gram, values, vectors) || !(values[m - 1] > 0)) return 0;
  int first = 0;
  while (first < m - 1 && !(values[first] > NEGLIGIBLE * values[m - 1])) first++;
  const int r = s->r = m - first;
  for (int k = 0; k < r; k++) {
    double root = sqrt(values[first + k]), *v = vectors + (size_t) m * (size_t) (first + k);
    for (int i = 0; i < m; i++) {
      s->at[(size_t) k + (size_t) r * (size_t) i] = root * v[i];
      v[i] /= root;
    }
  }
  multiply("N", "N", b, r, m, work->rows, b, vectors + (size_t) m * (size_t) first, m, work->basis);
  return 1;
}

/* Its eigenvalues and eigenvectors, in work->values and the matrix VECTORS. */
static int find_mean(const rp_sample *s) {
  rp_fisher_work *work = s->work;
  int r = s->r, n = s->n;
  size_t count = (size_t) r * (size_t) r;
  double weight = 1 / (n + SHRINKAGE), zero = 0;
  double *draws = work->matrix[0], *gradients = work->matrix[1], *mean = work->matrix[2];
  dsyrk_("L", "N", &r, &n, &weight, s->at, &r, &zero, draws, &r, 1, 1);
  dsyrk_("L", "N", &r, &n, &weight, s->at + (size_t) r * (size_t) n, &r, &zero, gradients, &r, 1, 1);
  for (size_t i = 0; i < count; i += (size_t) r + 1) {
    draws[i] += weight * SHRINKAGE;
    gradients[i] += weight * SHRINKAGE;
  }
  return geometric_mean(work, r, draws, gradients, mean) &&
         eigen(work, r, mean, work->values, work->matrix[VECTORS]) && work->values[0] > 0 &&
         isfinite(work->values[r - 1]);
}

/* The mean of a and b^-1: with b = L L' it is L'^-1 (L' a L)^1/2 L^-1.  Both are given by their lower halves; b is
 * overwritten. */
static int geometric_mean(rp_fisher_work *work, int r, const double *a, double *b, double *mean) {
  int info = 0;
  double one = 1, *full = work->matrix[3], *vectors = work->matrix[VECTORS], *values = work->other_values;
  size_t n = (size_t) r;
  dpotrf_("L", &r, b, &r, &info, 1);
  if (info != 0) return 0;
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i < n; i++) {
      full[i + n * j] = i >= j ? a[i + n * j] : a[j + n * i];
      if (i < j) b[i + n * j] = 0;
    }
  multiply("N", "N", r, r, r, full, r, b, r, vectors);
  multiply("T", "N", r, r, r, b, r, vectors, r, full);
  if (!eigen(work, r, full, values, vectors) || !isfinite(values[r - 1])) return 0;
  /* V l^1/4 and then L'^-1 of it: the mean is its outer square */
  for (size_t k = 0; k < n; k++) {
    double root = sqrt(sqrt(fmax(values[k], 0)));
    for (size_t i = 0; i < n; i++) vectors[i + n * k] *= root;
  }
  dtrsm_("L", "L", "T", "N", &r, &r, &one, b, &r, vectors, &r, 1, 1, 1, 1);
  multiply("N", "T", r, r, r, vectors, r, vectors, r, mean);
  return 1;
}

/* Of the lower half of a symmetric matrix, which is overwritten; values ascending. */
static int eigen(rp_fisher_work *work, int n, double *matrix, double *values, double *vectors) {
  double none = 0;
  int zero = 0, found = 0, info = 0;
  for (int i = 0; i < n; i++)
    if (!isfinite(matrix[(size_t) i * ((size_t) n + 1)])) return 0;
  dsyevr_("V", "A", "L", &n, matrix, &n, &none, &none, &zero, &zero, &none, &found, values, vectors, &n, work->support,
          work->lapack, &work->n_lapack, work->ilapack, &work->n_ilapack, &info, 1, 1, 1);
  return info == 0 && found == n;
}

/* Which eigenvalues are no noise, at most `most` of them: those farthest from 1. Values ascend, so the farthest are at
 * the ends. */
static int keep_far_modes(int r, const double *values, int most, int *kept) {
  int low = 0, high = r - 1, n = 0;
  while (n < most && low <= high) {
    int lower = -log(values[low]) > log(values[high]);
    int next = lower ? low++ : high--;
    if (!is_far(values[next])) break;
    kept[n++] = next;
  }
  return n;
}

/* Gram-Schmidt, twice: the columns come from a basis that is orthonormal to a few digits only, and the momenta's
 * distribution needs all. */
static void orthonormalise(int64_t dim, int rank, double *columns) {
  const rp_vector_loops *loops = rp_vector_best();
  const size_t n = (size_t) dim;
  for (int k = 0; k < rank; k++) {
    double *u = columns + k * dim;
    for (int pass = 0; pass < 2; pass++) {
      for (int j = 0; j < k; j++) {
        const double *other = columns + j * dim;
        loops->axpy(n, -loops->dot(n, u, other), other, u, u);
      }
      double length = sqrt(loops->dot(n, u, u));
      for (int64_t i = 0; i < dim; i++) u[i] /= length;
    }
  }
}

static void multiply(const char *ta, const char *tb, int m, int n, int k, const double *a, int lda, const double *b,
                     int ldb, double *c) {
  double one = 1, zero = 0;
  dgemm_(ta, tb, &m, &n, &k, &one, a, &lda, b, &ldb, &zero, c, &m, 1, 1);
}
