/* The discrete cosine transform against its definition, its inverse, and as an operation of a graph. */
#include <math.h>
#include <stdlib.h>

#include "../../src/core/dct.h"
#include "check.h"

static const double PI = 3.14159265358979323846264338327950288;

/* Errors of a fast transform grow like log n times the rounding of numbers of order 1. */
static void test_length(int64_t n) {
  size_t size = (size_t) n;
  double *table = malloc((size_t) rp_dct_table_size(n) * sizeof *table);
  double *room = malloc((size_t) rp_dct_workspace(n) * sizeof *room);
  double *x = malloc(size * sizeof *x), *y = malloc(size * sizeof *y);
  CHECK(table && room && x && y);
  rp_dct_table(n, table, room);
  for (int64_t j = 0; j < n; j++) x[j] = sin(1.3 * (double) j) + 0.2 * (double) (j % 5);
  rp_dct(n, table, x, y, room);
  double worst = 0, worst_back = 0;
  for (int64_t k = 0; k < n; k++) {
    double sum = 0, norm = sqrt((k == 0 ? 1.0 : 2.0) / (double) n);
    for (int64_t j = 0; j < n; j++) sum += x[j] * cos(PI * (double) ((2 * j + 1) * k % (4 * n)) / (2 * (double) n));
    worst = fmax(worst, fabs(norm * sum - y[k]));
  }
  rp_dct_inverse(n, table, y, y, room);
  for (int64_t j = 0; j < n; j++) worst_back = fmax(worst_back, fabs(x[j] - y[j]));
  CHECK_NEAR(worst, 0, 2e-13);
  CHECK_NEAR(worst_back, 0, 2e-14);
  free(table);
  free(room);
  free(x);
  free(y);
}

/* reference-values.md: "DCT of (1,2,4,7,11,16,22)". */
static void test_golden(void) {
  double x[7] = {1, 2, 4, 7, 11, 16, 22}, table[128], room[128];
  const double golden[7] = {23.8117617996, -18.4176740532, 4.4767935058, -1.8813018056, .954128947, -.4999859856, .2189928279};
  CHECK(rp_dct_table_size(7) <= 128 && rp_dct_workspace(7) <= 128);
  rp_dct_table(7, table, room);
  rp_dct(7, table, x, x, room);
  for (int k = 0; k < 7; k++) CHECK_NEAR(x[k], golden[k], 1e-9);
}

int main(void) {
  test_golden();
  for (int64_t n = 1; n <= 70; n++) test_length(n);
  test_length(256);
  test_length(1000);
  return check_done("dct");
}
