/* The state of a chain as an array of numbers, and back.
 *
 * Each part of a chain has one function that visits what must survive. The same visit counts, saves or loads, so that
 * nothing can be saved without being loaded. Integers become doubles, exact up to 2^53. Bit for bit: a chain that is
 * loaded goes on as the one that was saved. */
#ifndef RP_INFER_ARCHIVE_H
#define RP_INFER_ARCHIVE_H

#include <stdint.h>

#include "../core/status.h"

typedef struct {
  double *to;         /* saving: n numbers; NULL only counts them */
  const double *from; /* loading: n numbers */
  int64_t n, at;
  int32_t failed; /* loading: the numbers end too early, or one cannot be */
} rp_archive;

rp_archive rp_archive_count(void);
rp_archive rp_archive_save(double *to, int64_t n);
rp_archive rp_archive_load(const double *from, int64_t n);
int rp_archive_is_loading(const rp_archive *archive);
/* After loading: RP_BAD_ARGUMENT when the numbers are not those of such a chain. */
rp_code rp_archive_end(const rp_archive *archive, rp_status *status);

void rp_archive_numbers(rp_archive *archive, double *x, int64_t n);
/* What is loaded must be from low to high. */
void rp_archive_integer(rp_archive *archive, int64_t *x, int64_t low, int64_t high);
void rp_archive_integer32(rp_archive *archive, int32_t *x, int32_t low, int32_t high);

#endif
