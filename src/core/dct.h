/* Orthonormal discrete cosine transform (type II) of real sequences of any length, in O(n log n) (Makhoul 1980; lengths
 * that are no power of two by Bluestein's chirp, 1970), and its inverse, which is its transpose.
 *
 *   X_k = sqrt(c_k / n) sum_j x_j cos(pi (j + 1/2) k / n),  c_0 = 1, c_k = 2
 *
 * A table depends on n alone and is only read; the caller owns it and the workspace. */
#ifndef RP_CORE_DCT_H
#define RP_CORE_DCT_H

#include <stdint.h>

int64_t rp_dct_table_size(int64_t n); /* doubles; n at most 2^28 */
int64_t rp_dct_workspace(int64_t n);  /* doubles */
/* The workspace is scratch here too. */
void rp_dct_table(int64_t n, double *table, double *workspace);
/* out may be x. */
void rp_dct(int64_t n, const double *table, const double *x, double *out, double *workspace);
void rp_dct_inverse(int64_t n, const double *table, const double *x, double *out, double *workspace);

#endif
