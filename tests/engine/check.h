/* The engine's own test macros: count, report, go on. */
#ifndef RP_TEST_CHECK_H
#define RP_TEST_CHECK_H

#include <math.h>
#include <stdio.h>
#include <string.h>

static int check_passed, check_failed;

static inline void check_result(int ok, const char *file, int line, const char *what) {
  if (ok) { check_passed++; return; }
  check_failed++;
  printf("%s:%d: failed: %s\n", file, line, what);
}

static inline void check_near_result(double got, double want, double relative, const char *file, int line, const char *what) {
  double scale = fabs(want) > 1 ? fabs(want) : 1;
  int ok = got == want || (isnan(got) && isnan(want)) || fabs(got - want) <= relative * scale;
  if (!ok) printf("%s:%d: got %.17g, want %.17g\n", file, line, got, want);
  check_result(ok, file, line, what);
}

#define CHECK(condition) check_result((condition) != 0, __FILE__, __LINE__, #condition)
/* |got - want| <= tolerance * max(1, |want|); NaN equals NaN */
#define CHECK_NEAR(got, want, tolerance) check_near_result(got, want, tolerance, __FILE__, __LINE__, #got " ~ " #want)
#define CHECK_TEXT(got, want) check_result(strcmp(got, want) == 0, __FILE__, __LINE__, #got " is " #want)

static inline int check_done(const char *part) {
  printf("%s: %d passed, %d failed\n", part, check_passed, check_failed);
  return check_failed != 0;
}

#endif
