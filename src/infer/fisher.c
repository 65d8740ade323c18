#include "fisher.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/linalg.h"

/* The identity counts as much as so many draws: little, since for a Gaussian as many draws as coordinates tell all. */
static const double SHRINKAGE = 1e-3;
/* Directions of the sample with less than this share of the largest variance are rounding. */
static const double NEGLIGIBLE = 1e-10;

/* Scaled draws and gradients of some coordinates, and what becomes of them. */
typedef struct {
  int n, b, r;       /* draws, coordinates, size of the basis */
  double *scale;     /* b */
  double *rows;      /* b x 2n: draws, then gradients */
  double *basis;     /* b x r, orthonormal; NULL: all coordinates are the basis, r = b */
  double *at;        /* r x 2n: rows in the basis; is `rows` without one */
  double *values;    /* r eigenvalues of the mean */
  double *vectors;   /* r x r */
} rp_sample;

static int take_sample(const rp_recent *recent, int64_t n, const int64_t *at, int64_t b, rp_sample *sample);
static void clear_sample(rp_sample *sample);
static int find_basis(rp_sample *sample);
static int find_mean(rp_sample *sample);
static int geometric_mean(int r, const double *a, double *b, double *mean);
static int eigen(int n, double *matrix, double *values, double *vectors);
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

/* ---- the metrics ---- */

int rp_fisher_dense(const rp_recent *recent, int64_t n, const int64_t *at, int64_t b, double *matrix) {
  rp_sample sample;
  int *kept = malloc((size_t) b * sizeof *kept + 1);
  double *columns = malloc((size_t) (b * b) * sizeof(double) + 1);
  int ok = take_sample(recent, n, at, b, &sample) && kept && columns;
  /* also for few draws: all coordinates are the basis */
  if (ok) {
    sample.at = sample.rows;
    sample.r = sample.b;
    ok = find_mean(&sample);
  }
  if (ok) {
    int rank = keep_far_modes(sample.r, sample.values, sample.r, kept);
    for (int k = 0; k < rank; k++) {
      double root = sqrt(fabs(sample.values[kept[k]] - 1));
      for (int64_t i = 0; i < b; i++) columns[i + b * k] = root * sample.vectors[i + b * kept[k]];
    }
    memset(matrix, 0, (size_t) (b * b) * sizeof *matrix);
    for (int64_t i = 0; i < b; i++) matrix[i * (b + 1)] = 1;
    for (int k = 0; k < rank; k++) {
      double sign = sample.values[kept[k]] > 1 ? 1 : -1;
      const double *u = columns + b * k;
      for (int64_t j = 0; j < b; j++)
        for (int64_t i = 0; i < b; i++) matrix[i + b * j] += sign * u[i] * u[j];
    }
    for (int64_t j = 0; j < b; j++)
      for (int64_t i = 0; i < b; i++) matrix[i + b * j] *= sample.scale[i] * sample.scale[j];
  }
  free(kept);
  free(columns);
  clear_sample(&sample);
  return ok;
}

int rp_fisher_lowrank(const rp_recent *recent, int64_t n, double *inverse) {
  const int64_t dim = recent->dim;
  rp_sample sample;
  int kept[RP_MAX_RANK];
  int ok = take_sample(recent, n, NULL, dim, &sample) && find_basis(&sample) && find_mean(&sample);
  if (ok) {
    int rank = keep_far_modes(sample.r, sample.values, RP_MAX_RANK, kept);
    double *columns = inverse + dim + 1 + RP_MAX_RANK;
    memset(inverse + dim, 0, (size_t) (1 + RP_MAX_RANK + RP_MAX_RANK * dim) * sizeof(double));
    for (int64_t i = 0; i < dim; i++) inverse[i] = sample.scale[i] * sample.scale[i];
    inverse[dim] = rank;
    for (int k = 0; k < rank; k++) {
      const double *mode = sample.vectors + (int64_t) sample.r * kept[k];
      inverse[dim + 1 + k] = sample.values[kept[k]];
      if (!sample.basis) memcpy(columns + k * dim, mode, (size_t) dim * sizeof(double));
      else multiply("N", "N", sample.b, 1, sample.r, sample.basis, sample.b, mode, sample.r, columns + k * dim);
    }
    orthonormalise(dim, rank, columns);
  }
  clear_sample(&sample);
  return ok;
}

rp_code rp_fisher_lowrank_of(int64_t dim, const double *matrix, double *inverse, rp_status *status) {
  const int n = (int) dim;
  double *scaled = malloc((size_t) (dim * dim) * sizeof(double) + 1);
  double *values = malloc((size_t) dim * sizeof(double) + 1);
  double *vectors = malloc((size_t) (dim * dim) * sizeof(double) + 1);
  int kept[RP_MAX_RANK];
  if (!scaled || !values || !vectors) rp_fail_memory(status, "the metric");
  for (int64_t j = 0; status->code == RP_OK && j < dim; j++)
    for (int64_t i = 0; i < dim; i++)
      scaled[i + dim * j] = matrix[i + dim * j] / sqrt(matrix[i * (dim + 1)] * matrix[j * (dim + 1)]);
  if (status->code == RP_OK && (!eigen(n, scaled, values, vectors) || !(values[0] > 0)))
    rp_fail(status, RP_BAD_ARGUMENT, NULL, "the inverse metric is not positive definite");
  if (status->code == RP_OK) {
    int rank = keep_far_modes(n, values, RP_MAX_RANK, kept);
    for (int64_t i = 0; i < dim; i++) inverse[i] = matrix[i * (dim + 1)];
    inverse[dim] = rank;
    for (int k = 0; k < rank; k++) {
      double *column = inverse + dim + 1 + RP_MAX_RANK + k * dim;
      inverse[dim + 1 + k] = values[kept[k]];
      memcpy(column, vectors + dim * kept[k], (size_t) dim * sizeof(double));
    }
  }
  free(scaled);
  free(values);
  free(vectors);
  return status->code;
}

/* ---- steps ---- */

/* at NULL: all coordinates. */
static int take_sample(const rp_recent *recent, int64_t n, const int64_t *at, int64_t b, rp_sample *sample) {
  *sample = (rp_sample){0};
  if (n > recent->capacity) n = recent->capacity;
  if (n > recent->added) n = recent->added;
  if (n < 2 || b < 1 || n > INT32_MAX / 4 || b > INT32_MAX / 4) return 0;
  sample->n = (int) n;
  sample->b = (int) b;
  sample->scale = malloc((size_t) b * sizeof(double));
  sample->rows = malloc((size_t) (2 * n * b) * sizeof(double));
  if (!sample->scale || !sample->rows) return 0;
  double *const halves[2] = {sample->rows, sample->rows + n * b};
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
    sample->scale[i] = scale;
    for (int64_t k = 0; k < n; k++) {
      halves[0][i + b * k] /= scale;
      halves[1][i + b * k] *= scale;
    }
  }
  return 1;
}

static void clear_sample(rp_sample *sample) {
  if (sample->basis) free(sample->at);
  free(sample->scale);
  free(sample->rows);
  free(sample->basis);
  free(sample->values);
  free(sample->vectors);
}

/* Of the space that draws and gradients span, from the eigenvectors V of their Gram matrix V L V': rows V L^-1/2. */
static int find_basis(rp_sample *s) {
  int m = 2 * s->n, b = s->b;
  if (m >= b) {
    s->at = s->rows;
    s->r = b;
    return 1;
  }
  double one = 1, zero = 0;
  size_t count = (size_t) m * (size_t) m;
  double *gram = calloc(count, sizeof(double)), *vectors = malloc(count * sizeof(double));
  double *values = malloc((size_t) m * sizeof(double)), *at = NULL, *basis = NULL;
  int ok = gram && vectors && values;
  if (ok) {
    dsyrk_("L", "T", &m, &b, &one, s->rows, &b, &zero, gram, &m, 1, 1);
    ok = eigen(m, gram, values, vectors);
  }
  int first = 0;
  while (ok && first < m - 1 && !(values[first] > NEGLIGIBLE * values[m - 1])) first++;
  int r = m - first;
  if (ok) {
    at = malloc((size_t) r * (size_t) m * sizeof(double));
    basis = malloc((size_t) b * (size_t) r * sizeof(double));
    ok = at && basis && values[m - 1] > 0;
  }
  for (int k = 0; ok && k < r; k++) {
    double root = sqrt(values[first + k]), *v = vectors + (size_t) m * (size_t) (first + k);
    for (int i = 0; i < m; i++) {
        at[(size_t) k + (size_t) r * (size_t) i] = root * v[i];
      v[i] /= root;
    }
  }
  if (ok) multiply("N", "N", b, r, m, s->rows, b, vectors + (size_t) m * (size_t) first, m, basis);
  free(gram);
  free(vectors);
  free(values);
  s->r = r;
  s->at = at;
  s->basis = basis;
  if (!ok) {
    free(at);
    free(basis);
    s->at = s->basis = NULL;
  }
  return ok;
}

static int find_mean(rp_sample *s) {
  int r = s->r, n = s->n;
  size_t count = (size_t) r * (size_t) r;
  double weight = 1 / (n + SHRINKAGE), zero = 0;
  double *draws = calloc(count, sizeof(double)), *gradients = calloc(count, sizeof(double));
  double *mean = malloc(count * sizeof(double));
  s->values = malloc((size_t) r * sizeof(double));
  s->vectors = malloc(count * sizeof(double));
  int ok = draws && gradients && mean && s->values && s->vectors;
  if (ok) {
    dsyrk_("L", "N", &r, &n, &weight, s->at, &r, &zero, draws, &r, 1, 1);
    dsyrk_("L", "N", &r, &n, &weight, s->at + (size_t) r * (size_t) n, &r, &zero, gradients, &r, 1, 1);
    for (size_t i = 0; i < count; i += (size_t) r + 1) {
      draws[i] += weight * SHRINKAGE;
      gradients[i] += weight * SHRINKAGE;
    }
    ok = geometric_mean(r, draws, gradients, mean) && eigen(r, mean, s->values, s->vectors) && s->values[0] > 0 &&
         isfinite(s->values[r - 1]);
  }
  free(draws);
  free(gradients);
  free(mean);
  return ok;
}

/* The mean of a and b^-1: with b = L L' it is L'^-1 (L' a L)^1/2 L^-1.  Both are given by their lower halves; b is
 * overwritten. */
static int geometric_mean(int r, const double *a, double *b, double *mean) {
  int info = 0;
  double one = 1;
  size_t n = (size_t) r, count = n * n;
  double *full = malloc(count * sizeof(double)), *vectors = malloc(count * sizeof(double));
  double *values = malloc(n * sizeof(double));
  dpotrf_("L", &r, b, &r, &info, 1);
  int ok = full && vectors && values && info == 0;
  if (ok) {
    for (size_t j = 0; j < n; j++)
      for (size_t i = 0; i < n; i++) {
        full[i + n * j] = i >= j ? a[i + n * j] : a[j + n * i];
        if (i < j) b[i + n * j] = 0;
      }
    multiply("N", "N", r, r, r, full, r, b, r, vectors);
    multiply("T", "N", r, r, r, b, r, vectors, r, full);
    ok = eigen(r, full, values, vectors) && isfinite(values[r - 1]);
  }
  if (ok) {
    /* V l^1/4 and then L'^-1 of it: the mean is its outer square */
    for (size_t k = 0; k < n; k++) {
      double root = sqrt(sqrt(fmax(values[k], 0)));
      for (size_t i = 0; i < n; i++) vectors[i + n * k] *= root;
    }
    dtrsm_("L", "L", "T", "N", &r, &r, &one, b, &r, vectors, &r, 1, 1, 1, 1);
    multiply("N", "T", r, r, r, vectors, r, vectors, r, mean);
  }
  free(full);
  free(vectors);
  free(values);
  return ok;
}

/* Of the lower half of a symmetric matrix, which is overwritten; values ascending. */
static int eigen(int n, double *matrix, double *values, double *vectors) {
  double none = 0, wanted_work, *work = NULL;
  int zero = 0, found = 0, info = 0, query = -1, wanted_iwork, *iwork = NULL;
  int *support = malloc(2 * (size_t) n * sizeof *support + 1);
  if (!support) return 0;
  for (int i = 0; i < n; i++)
    if (!isfinite(matrix[(size_t) i * ((size_t) n + 1)])) info = 1;
  if (info == 0)
    dsyevr_("V", "A", "L", &n, matrix, &n, &none, &none, &zero, &zero, &none, &found, values, vectors, &n, support,
            &wanted_work, &query, &wanted_iwork, &query, &info, 1, 1, 1);
  if (info == 0) {
    int n_work = (int) wanted_work, n_iwork = wanted_iwork;
    work = malloc((size_t) n_work * sizeof *work);
    iwork = malloc((size_t) n_iwork * sizeof *iwork);
    if (work && iwork)
      dsyevr_("V", "A", "L", &n, matrix, &n, &none, &none, &zero, &zero, &none, &found, values, vectors, &n, support,
              work, &n_work, iwork, &n_iwork, &info, 1, 1, 1);
  }
  int ok = work && iwork && info == 0 && found == n;
  free(support);
  free(work);
  free(iwork);
  return ok;
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
