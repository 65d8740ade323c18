#include "step_size.h"

#include <math.h>

enum { MAX_TRIALS = 60 };

rp_dual_averaging rp_dual_averaging_start(double centre) {
  return (rp_dual_averaging){.centre = centre, .gamma = 0.05, .t0 = 10, .kappa = 0.75, .x = centre, .x_average = 0};
}

void rp_dual_averaging_update(rp_dual_averaging *state, double gradient) {
  double t = (double) ++state->count;
  double weight = 1 / (t + state->t0);
  state->gradient_average = (1 - weight) * state->gradient_average + weight * gradient;
  state->x = state->centre - state->gradient_average * sqrt(t) / state->gamma;
  double forget = pow(t, -state->kappa);
  state->x_average = forget * state->x + (1 - forget) * state->x_average;
}

void rp_dual_averaging_archive(rp_dual_averaging *state, rp_archive *archive) {
  rp_archive_numbers(archive, &state->centre, 1);
  rp_archive_numbers(archive, &state->x, 1);
  rp_archive_numbers(archive, &state->x_average, 1);
  rp_archive_numbers(archive, &state->gradient_average, 1);
  rp_archive_integer(archive, &state->count, 0, INT64_C(1) << 53);
}

rp_step_search rp_step_search_start(double step_size) {
  if (!(step_size > 1e-8 && step_size < 1e6)) step_size = 0.1;
  return (rp_step_search){.step_size = step_size};
}

int rp_step_search_update(rp_step_search *search, double log_ratio) {
  int wanted = log_ratio > log(0.8) ? 1 : -1;
  if (search->direction == 0) search->direction = wanted;
  if (wanted != search->direction || ++search->trials >= MAX_TRIALS) return 0;
  search->step_size *= search->direction > 0 ? 2 : 0.5;
  return 1;
}
