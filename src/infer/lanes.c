#include "lanes.h"

#include <stdlib.h>

enum { SIZES = 4 }; /* 1, 2, 4, 8 lanes */

struct rp_lanes {
  const rp_density *density;
  rp_work *work[SIZES];              /* by the logarithm of the lanes; none for one */
  double *params, *inputs, *gradient; /* params and inputs: [element][lane]; gradient: [lane][element] */
};

static void into_lanes(double *to, const double *const *from, int64_t size, int32_t n, int32_t lanes);

rp_lanes *rp_lanes_new(const rp_density *density, rp_status *status) {
  const rp_program *program = rp_density_program(density, 1);
  const size_t most = (size_t) rp_density_lanes(density);
  rp_lanes *lanes = calloc(1, sizeof *lanes);
  if (lanes) {
    lanes->density = density;
    lanes->params = malloc((size_t) (rp_program_params(program) + 1) * most * sizeof(double));
    lanes->inputs = malloc((size_t) (rp_program_inputs(program) + 1) * most * sizeof(double));
    lanes->gradient = malloc((size_t) (rp_density_dim(density) + 1) * most * sizeof(double));
  }
  if (!lanes || !lanes->params || !lanes->inputs || !lanes->gradient) rp_fail_memory(status, "lanes of a density");
  for (int k = 1; k < SIZES && 1u << k <= most && status->code == RP_OK; k++)
    lanes->work[k] = rp_work_new(rp_density_program(density, 1 << k), status);
  if (status->code == RP_OK) return lanes;
  rp_lanes_free(lanes);
  return NULL;
}

void rp_lanes_free(rp_lanes *lanes) {
  if (!lanes) return;
  for (int k = 0; k < SIZES; k++) rp_work_free(lanes->work[k]);
  free(lanes->params);
  free(lanes->inputs);
  free(lanes->gradient);
  free(lanes);
}

void rp_lanes_run(rp_lanes *lanes, const double *const *params, const double *const *inputs, const rp_random_key *keys,
                  int32_t n, double *log_density, const double **gradient) {
  const int k = n <= 2 ? 1 : n <= 4 ? 2 : 3;
  const int32_t size = 1 << k;
  const int64_t dim = rp_density_dim(lanes->density);
  const rp_program *program = rp_density_program(lanes->density, size);
  rp_random_key all_keys[RP_MOST_LANES];
  into_lanes(lanes->params, params, rp_program_params(program), n, size);
  if (inputs) into_lanes(lanes->inputs, inputs, rp_program_inputs(program), n, size);
  for (int32_t lane = 0; keys && lane < size; lane++) all_keys[lane] = keys[lane < n ? lane : 0];
  rp_program_run(program, lanes->work[k], lanes->params, inputs ? lanes->inputs : NULL, keys ? all_keys : NULL);
  const double *value = rp_work_output(lanes->work[k], 0), *slopes = rp_work_output(lanes->work[k], 1);
  for (int32_t lane = 0; lane < n; lane++) {
    double *own = lanes->gradient + lane * dim;
    for (int64_t i = 0; i < dim; i++) own[i] = slopes[i * size + lane];
    log_density[lane] = value[lane];
    gradient[lane] = own;
  }
}

/* to[i][lane]; lanes without a vector of their own repeat the first. */
static void into_lanes(double *to, const double *const *from, int64_t size, int32_t n, int32_t lanes) {
  for (int32_t lane = 0; lane < lanes; lane++) {
    const double *x = from[lane < n ? lane : 0];
    for (int64_t i = 0; i < size; i++) to[i * lanes + lane] = x[i];
  }
}
