#include "archive.h"

#include <string.h>

rp_archive rp_archive_count(void) { return (rp_archive){.n = INT64_MAX}; }
rp_archive rp_archive_save(double *to, int64_t n) { return (rp_archive){.to = to, .n = n}; }
rp_archive rp_archive_load(const double *from, int64_t n) { return (rp_archive){.from = from, .n = n}; }
int rp_archive_is_loading(const rp_archive *archive) { return archive->from != NULL; }

rp_code rp_archive_end(const rp_archive *archive, rp_status *status) {
  if (!archive->failed && archive->at == archive->n) return RP_OK;
  return rp_fail(status, RP_BAD_ARGUMENT, NULL, "the saved state of a chain does not belong to this model and sampler");
}

void rp_archive_numbers(rp_archive *archive, double *x, int64_t n) {
  if (archive->failed || n > archive->n - archive->at) {
    archive->failed = 1;
    return;
  }
  if (n == 0) return;
  size_t bytes = (size_t) n * sizeof *x;
  if (archive->from) memcpy(x, archive->from + archive->at, bytes);
  else if (archive->to) memcpy(archive->to + archive->at, x, bytes);
  archive->at += n;
}

void rp_archive_integer(rp_archive *archive, int64_t *x, int64_t low, int64_t high) {
  double number = (double) *x;
  rp_archive_numbers(archive, &number, 1);
  if (!archive->from || archive->failed) return;
  archive->failed = !(number >= (double) low && number <= (double) high);
  if (!archive->failed) *x = (int64_t) number;
}

void rp_archive_integer32(rp_archive *archive, int32_t *x, int32_t low, int32_t high) {
  int64_t wide = *x;
  rp_archive_integer(archive, &wide, low, high);
  *x = (int32_t) wide;
}
