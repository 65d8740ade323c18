#include "svi_start.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mode.h"
#include "precondition.h"

/* Covariances with at most RP_MOST_DENSE rows start from a whole Hessian, others from its diagonal, of which so many
 * differences of gradients give an estimate. */
enum { PROBES = 16 };
/* Gradients in the search for a mode, and draws by which two normals are compared; rounds of refinement, and pairs of
 * draws in each. */
enum { LONGEST_CLIMB = 200, COMPARISONS = 200, ROUNDS = 10, PAIRS = 8 };
/* Of the search, relative; how far a normal that is near enough may be, by what so few draws tell: the mean gradient
 * in its units, and the factor of a precision. */
static const double TOLERANCE = 1e-10, MEAN_BAND = 0.7, PRECISION_BAND = 2.5;

/* What a coordinate is of: a block that stays where it is, one that needs its whole Hessian, or the diagonal of it. */
typedef enum { HELD = 0, DENSE, DIAGONAL } rp_climb_part;

/* What came of a refinement: the normal was near where it should be from the beginning, or in the end, or is not. */
typedef enum { UNMOVED, NEAR, FAR } rp_fate;

/* The log density, and a normal distribution that is to be close to it: location q, and of each block the root of its
 * covariance, or only the scales. */
typedef struct {
  rp_svi_problem problem;
  const rp_svi_hooks *hooks;
  rp_elbo density_graph; /* of a guide that is a point */
  rp_density *density;   /* NULL: there is nothing to climb */
  rp_work *work;
  rp_potential potential;
  uint8_t *part;            /* of each coordinate, an rp_climb_part */
  double *q, *scale, *root; /* by coordinate; root: of dense blocks, one after the other */
  double *gradient, *at, *z, *slope, *mean, *curvature, *squares;
  double *loss, best;    /* the largest log density so far */
  int64_t limit, n_done; /* gradients: at most, so far */
} rp_climb;

static rp_climb_part part_of(const rp_guide_block *block);
static int64_t root_size(const rp_svi_problem *problem);
static rp_code open_climb(rp_climb *climb, rp_status *status);
static void close_climb(rp_climb *climb);
static int is_random(const rp_elbo *elbo, rp_status *status);
static rp_code evaluate(void *state, const double *q, double *log_density, const double **gradient);
static rp_code find_mode(rp_climb *climb, int *found, rp_status *status);
static rp_code find_spread(rp_climb *climb, int *found, rp_status *status);
static rp_code find_curvature(rp_climb *climb, double *out);
static rp_code add_curvature(rp_climb *climb, double weight, double *out);
static double difference(double x);
static void restart(rp_climb *climb);
static rp_code refine(rp_climb *climb, rp_fate *fate, rp_status *status);
static rp_code look_around(rp_climb *climb, int round);
static int newton_step(rp_climb *climb);
static void apply_root(const rp_climb *climb, const double *from, double *to, int transposed);
static void rescale(rp_climb *climb, const double *factor);
static rp_code take_if_better(rp_svi *svi, const rp_climb *climb, int *taken, rp_status *status);
static rp_code express(const rp_climb *climb, double *parameters, rp_status *status);

rp_code rp_svi_climb(rp_svi *svi, int64_t most, double *loss, int64_t *n_done, int *taken, const rp_svi_hooks *hooks,
                     rp_status *status) {
  rp_climb climb = {.problem = rp_svi_problem_of(svi), .hooks = hooks, .loss = loss, .best = -INFINITY};
  *n_done = 0;
  *taken = 0;
  rp_code code = open_climb(&climb, status);
  if (code == RP_OK && climb.density) {
    int found = 0;
    rp_fate fate = FAR;
    climb.limit = most < LONGEST_CLIMB ? most : LONGEST_CLIMB;
    code = find_mode(&climb, &found, status);
    climb.limit = most;
    if (code == RP_OK && found) code = find_spread(&climb, &found, status);
    if (code == RP_OK && found) code = take_if_better(svi, &climb, taken, status);
    const int mode_is_better = *taken;
    if (code == RP_OK && found) code = refine(&climb, &fate, status);
    if (code == RP_OK && found && fate != UNMOVED) code = take_if_better(svi, &climb, taken, status);
    if (code == RP_OK && (!mode_is_better || fate == FAR)) {
      restart(&climb);
      code = refine(&climb, &fate, status);
      if (code == RP_OK && fate != UNMOVED) code = take_if_better(svi, &climb, taken, status);
    }
  }
  if (*taken) rp_svi_set_units(svi);
  *n_done = climb.n_done;
  close_climb(&climb);
  return code;
}

/* ---- private ---- */

static rp_climb_part part_of(const rp_guide_block *block) {
  if (block->kind == RP_GUIDE_NORMAL) return DIAGONAL;
  if (block->kind != RP_GUIDE_MVN && block->kind != RP_GUIDE_LOWRANK) return HELD;
  return block->n <= RP_MOST_DENSE ? DENSE : HELD;
}

static int64_t root_size(const rp_svi_problem *problem) {
  int64_t size = 0;
  for (int32_t b = 0; b < problem->n_blocks; b++)
    if (part_of(&problem->blocks[b]) == DENSE) size += problem->blocks[b].n * problem->blocks[b].n;
  return size;
}

static rp_code open_climb(rp_climb *climb, rp_status *status) {
  const rp_svi_problem *problem = &climb->problem;
  const int64_t dim = problem->dim;
  int any = 0, points = 0;
  for (int32_t b = 0; b < problem->n_blocks; b++) {
    any |= part_of(&problem->blocks[b]) != HELD;
    points |= problem->blocks[b].kind == RP_GUIDE_DELTA;
  }
  /* Learnable parameters find their way while the guide does; where it fits already, hardly a gradient says where. */
  if (!any || points) return RP_OK;
  const rp_guide_block point = {.kind = RP_GUIDE_DELTA, .n = dim};
  climb->part = calloc((size_t) dim, 1);
  climb->q = calloc((size_t) (9 * dim + root_size(problem)), sizeof *climb->q);
  double **const vectors[] = {&climb->scale, &climb->gradient,  &climb->at,      &climb->z,
                              &climb->slope, &climb->mean,      &climb->curvature, &climb->squares, &climb->root};
  for (int k = 0; climb->q && k < 9; k++) *vectors[k] = climb->q + (k + 1) * dim;
  if (!climb->part || !climb->q) return rp_fail_memory(status, "the start of a fit");
  for (int32_t b = 0; b < problem->n_blocks; b++) {
    const rp_guide_block *block = &problem->blocks[b];
    for (int64_t k = 0; k < block->n; k++) climb->part[block->index ? block->index[k] : k] = (uint8_t) part_of(block);
  }
  memcpy(climb->q, problem->centre, (size_t) dim * sizeof *climb->q);
  climb->potential = (rp_potential){.dim = dim, .state = climb, .evaluate = evaluate};
  rp_code code = rp_elbo_build(&climb->density_graph, problem->model, problem->log_density, dim, &point, 1,
                               RP_ELBO_STANDARD, status);
  if (code != RP_OK || is_random(&climb->density_graph, status)) return status->code;
  climb->density = rp_density_new(climb->density_graph.graph, climb->density_graph.elbo, dim, problem->isa, status);
  if (climb->density) climb->work = rp_work_new(rp_density_program(climb->density, 1), status);
  return status->code;
}

static void close_climb(rp_climb *climb) {
  rp_work_free(climb->work);
  rp_density_free(climb->density);
  rp_elbo_clear(&climb->density_graph);
  free(climb->part);
  free(climb->q);
}

/* Minibatches are, and masked sites that something depends on. */
static int is_random(const rp_elbo *elbo, rp_status *status) {
  uint8_t **needed = rp_needed(elbo->graph, &elbo->elbo, 1, status);
  int random = 0;
  for (rp_node_id id = 0; needed && id <= elbo->elbo; id++) {
    const rp_node *node = rp_graph_node(elbo->graph, id);
    for (int64_t k = 0; node->op == RP_OP_RANDOM && needed[id] && k < node->n; k++) random |= needed[id][k];
  }
  rp_needed_free(needed, rp_graph_size(elbo->graph));
  return random;
}

/* RP_INTERRUPTED: no more gradients are to be had. */
static rp_code evaluate(void *state, const double *q, double *log_density, const double **gradient) {
  rp_climb *climb = state;
  const double *slopes;
  if (climb->n_done >= climb->limit) return RP_INTERRUPTED;
  rp_density_run(climb->density, climb->work, q, climb->problem.inputs, NULL, log_density, &slopes);
  for (int64_t i = 0; i < climb->potential.dim; i++)
    climb->gradient[i] = climb->part[i] != HELD ? slopes[i] : 0;
  if (*log_density > climb->best) climb->best = *log_density;
  climb->loss[climb->n_done++] = -climb->best;
  *gradient = climb->gradient;
  return RP_OK;
}

static rp_code find_mode(rp_climb *climb, int *found, rp_status *status) {
  rp_mode_options options = {.max_iterations = climb->limit, .tolerance = TOLERANCE};
  if (climb->hooks) options.context = climb->hooks->context, options.interrupted = climb->hooks->interrupted;
  double *values = malloc(((size_t) climb->limit + 1) * sizeof *values);
  if (!values) return rp_fail_memory(status, "the start of a fit");
  int64_t n_iterations;
  int32_t converged;
  rp_code code = rp_mode_find(&climb->potential, &options, climb->q, values, &n_iterations, &converged, status);
  free(values);
  const int used_up = code == RP_INTERRUPTED && climb->n_done >= climb->limit;
  *found = code == RP_OK || used_up; /* the comparison judges what there is */
  if (code == RP_NOT_FINITE || used_up) {
    rp_status_clear(status);
    code = RP_OK;
  }
  return code;
}

/* Scales and roots of normal blocks by the curvature at the mode. A normal with independent elements that is closest
 * to another one has the diagonal of its precision (Turner & Sahani 2011, "Two problems with variational expectation
 * maximisation", section 1.3); of a block it is the block of the precision. */
static rp_code find_spread(rp_climb *climb, int *found, rp_status *status) {
  const rp_svi_problem *problem = &climb->problem;
  double *root = climb->root;
  rp_code code = find_curvature(climb, climb->curvature);
  for (int64_t i = 0; i < problem->dim; i++)
    climb->scale[i] = climb->curvature[i] > 0 ? 1 / sqrt(climb->curvature[i]) : 0.1;
  for (int32_t b = 0; b < problem->n_blocks && code == RP_OK; b++) {
    const rp_guide_block *block = &problem->blocks[b];
    if (part_of(block) != DENSE) continue;
    code = rp_mode_spread(&climb->potential, climb->q, block->index, block->n, root, status);
    root += block->n * block->n;
  }
  if (code != RP_NOT_FINITE && code != RP_INTERRUPTED) return code;
  rp_status_clear(status);
  *found = 0;
  return RP_OK;
}

/* Minus the diagonal of the Hessian at the mode, where it is wanted: of few coordinates one by one; of many by
 * differences of gradients along random signs v, the mean of v H v (Bekas, Kokiopoulou & Saad 2007, "An estimator for
 * the diagonal of a matrix"). */
static rp_code find_curvature(rp_climb *climb, double *out) {
  const int64_t dim = climb->potential.dim;
  int64_t wanted = 0;
  for (int64_t i = 0; i < dim; i++) wanted += climb->part[i] == DIAGONAL;
  memset(out, 0, (size_t) dim * sizeof *out);
  memset(climb->z, 0, (size_t) dim * sizeof *out);
  if (wanted <= PROBES) {
    for (int64_t i = 0; i < dim; i++) {
      if (climb->part[i] != DIAGONAL) continue;
      climb->z[i] = 1;
      rp_code code = add_curvature(climb, 1, out);
      if (code != RP_OK) return code;
      climb->z[i] = 0;
    }
    return RP_OK;
  }
  rp_random stream = rp_random_open((rp_random_key){0}, rp_random_site(".guide curvature", 0));
  for (int probe = 0; probe < PROBES; probe++) {
    for (int64_t i = 0; i < dim; i++)
      if (climb->part[i] == DIAGONAL) climb->z[i] = rp_random_uniform(&stream) < 0.5 ? -1 : 1;
    rp_code code = add_curvature(climb, 1.0 / PROBES, out);
    if (code != RP_OK) return code;
  }
  return RP_OK;
}

/* Minus weight * v H v by central differences, v the direction. */
static rp_code add_curvature(rp_climb *climb, double weight, double *out) {
  const int64_t dim = climb->potential.dim;
  for (int side = 1; side >= -1; side -= 2) {
    const double *slopes;
    double value;
    for (int64_t i = 0; i < dim; i++) climb->at[i] = climb->q[i] + side * climb->z[i] * difference(climb->q[i]);
    rp_code code = evaluate(climb, climb->at, &value, &slopes);
    if (code != RP_OK) return code;
    for (int64_t i = 0; i < dim; i++)
      out[i] -= weight * side * climb->z[i] * slopes[i] / (2 * difference(climb->q[i]));
  }
  return RP_OK;
}

/* Cube root of the precision: truncation and rounding balance. */
static double difference(double x) { return 6e-6 * fmax(1, fabs(x)); }

/* ---- the normal ---- */

/* The guide takes it if that has the better ELBO beyond doubt: where tails are heavy, few draws know little. Those of
 * what it would replace are no reason to keep it. */
static rp_code take_if_better(rp_svi *svi, const rp_climb *climb, int *taken, rp_status *status) {
  const size_t n = (size_t) rp_svi_n_parameters(svi);
  double *before = malloc(2 * n * sizeof *before), gain = NAN, error = NAN, elbo, own = NAN;
  if (!before) return rp_fail_memory(status, "the start of a fit");
  double *candidate = before + n;
  memcpy(before, rp_svi_parameters(svi), n * sizeof *before);
  memcpy(candidate, before, n * sizeof *before);
  rp_code code = express(climb, candidate, status);
  rp_svi_set_parameters(svi, candidate);
  if (code == RP_OK) code = rp_svi_gain(svi, before, candidate, 0, COMPARISONS, &gain, &error, status);
  if (code == RP_OK) code = rp_svi_elbo(svi, COMPARISONS, climb->problem.seed, &elbo, &own, status);
  if (code == RP_OK && gain > 3 * fmin(error, own)) *taken = 1;
  else rp_svi_set_parameters(svi, before);
  free(before);
  return code;
}

static rp_code express(const rp_climb *climb, double *parameters, rp_status *status) {
  const rp_svi_problem *problem = &climb->problem;
  const double *root = climb->root;
  rp_code code = RP_OK;
  for (int32_t b = 0; b < problem->n_blocks && code == RP_OK; b++) {
    const rp_guide_block *block = &problem->blocks[b];
    const int64_t n = block->n;
    double *mean = climb->at;
    for (int64_t k = 0; k < n; k++) {
      const int64_t at = block->index ? block->index[k] : k;
      mean[k] = climb->q[at];
      if (part_of(block) != DIAGONAL) continue;
      parameters[k] = climb->q[at];
      parameters[n + k] = rp_guide_raw(climb->scale[at]);
    }
    if (part_of(block) == DENSE) {
      if (block->kind == RP_GUIDE_MVN) rp_guide_mvn_set(n, mean, root, parameters);
      else code = rp_guide_lowrank_set(block, mean, root, parameters, status);
      root += n * n;
    }
    parameters += rp_guide_of(block)->n_parameters(block);
  }
  return code;
}

/* The normal that the guide begins with. */
static void restart(rp_climb *climb) {
  const rp_svi_problem *problem = &climb->problem;
  double *root = climb->root;
  memcpy(climb->q, problem->centre, (size_t) problem->dim * sizeof *climb->q);
  for (int32_t b = 0; b < problem->n_blocks; b++) {
    const rp_guide_block *block = &problem->blocks[b];
    const int64_t n = block->n;
    const double scale = rp_guide_softplus(rp_guide_raw_scale(block));
    for (int64_t k = 0; k < n; k++) climb->scale[block->index ? block->index[k] : k] = scale;
    if (part_of(block) != DENSE) continue;
    for (int64_t k = 0; k < n * n; k++) root[k] = k % (n + 1) == 0 ? scale : 0;
    root += n * n;
  }
}

/* A draw of the normal from z, or the gradient in z from the one in the draw (transposed). */
static void apply_root(const rp_climb *climb, const double *from, double *to, int transposed) {
  const rp_svi_problem *problem = &climb->problem;
  const double *root = climb->root;
  for (int32_t b = 0; b < problem->n_blocks; b++) {
    const rp_guide_block *block = &problem->blocks[b];
    const int64_t n = block->n;
    for (int64_t i = 0; i < n; i++) {
      const int64_t at = block->index ? block->index[i] : i;
      to[at] = part_of(block) == DIAGONAL ? climb->scale[at] * from[at] : 0;
      for (int64_t j = 0; part_of(block) == DENSE && j < n; j++)
        to[at] += (transposed ? root[j + n * i] : root[i + n * j]) * from[block->index ? block->index[j] : j];
    }
    if (part_of(block) == DENSE) root += n * n;
  }
}

static void rescale(rp_climb *climb, const double *factor) {
  const rp_svi_problem *problem = &climb->problem;
  double *root = climb->root;
  for (int32_t b = 0; b < problem->n_blocks; b++) {
    const rp_guide_block *block = &problem->blocks[b];
    const int64_t n = block->n;
    for (int64_t j = 0; j < n; j++) {
      const int64_t at = block->index ? block->index[j] : j;
      climb->scale[at] *= factor[at];
      for (int64_t i = 0; part_of(block) == DENSE && i < n; i++) root[i + n * j] *= factor[at];
    }
    if (part_of(block) == DENSE) root += n * n;
  }
}

/* Where a normal has the best ELBO, the mean of the gradient is 0 and that of the Hessian minus the precision (Opper &
 * Archambeau 2009, "The variational Gaussian approximation revisited", eq. 15 and 16). While it is far from that, a
 * step like Newton's. Ends early, with RP_OK, when there are no more gradients. */
static rp_code refine(rp_climb *climb, rp_fate *fate, rp_status *status) {
  *fate = UNMOVED;
  const rp_svi_hooks *hooks = climb->hooks;
  for (int round = 0; round < ROUNDS; round++) {
    if (hooks && hooks->interrupted && hooks->interrupted(hooks->context))
      return rp_fail(status, RP_INTERRUPTED, NULL, "interrupted");
    if (look_around(climb, round) != RP_OK) return RP_OK;
    if (!newton_step(climb)) {
      if (*fate == FAR) *fate = NEAR;
      return RP_OK;
    }
    *fate = FAR;
  }
  return RP_OK;
}

/* The mean of the gradient in units of the normal, and minus the diagonal of its slope there, as its regression on
 * draws z, which come in pairs z, -z. */
static rp_code look_around(rp_climb *climb, int round) {
  const int64_t dim = climb->problem.dim;
  memset(climb->mean, 0, (size_t) dim * sizeof(double));
  memset(climb->curvature, 0, (size_t) dim * sizeof(double));
  memset(climb->squares, 0, (size_t) dim * sizeof(double));
  for (int draw = 0; draw < 2 * PAIRS; draw++) {
    const double *gradient;
    double value;
    const rp_random_key key = {climb->problem.seed, 0, (uint64_t) (round * PAIRS + draw / 2)};
    rp_random stream = rp_random_open(key, rp_random_site(".guide refinement", 0));
    for (int64_t i = 0; i < dim; i++) climb->z[i] = (draw % 2 ? -1 : 1) * rp_random_normal(&stream);
    apply_root(climb, climb->z, climb->at, 0);
    for (int64_t i = 0; i < dim; i++) climb->at[i] += climb->q[i];
    rp_code code = evaluate(climb, climb->at, &value, &gradient);
    if (code != RP_OK) return code;
    apply_root(climb, gradient, climb->slope, 1);
    for (int64_t i = 0; i < dim; i++) {
      climb->mean[i] += climb->slope[i] / (2 * PAIRS);
      climb->curvature[i] -= climb->slope[i] * climb->z[i];
      climb->squares[i] += climb->z[i] * climb->z[i];
    }
  }
  for (int64_t i = 0; i < dim; i++) climb->curvature[i] /= climb->squares[i];
  return RP_OK;
}

/* One unit and a factor of two at most, by coordinate. 0: the normal is near enough. */
static int newton_step(rp_climb *climb) {
  double *step = climb->z, *factor = climb->squares;
  int far = 0;
  for (int64_t i = 0; i < climb->problem.dim; i++) {
    const double precision = climb->part[i] == HELD ? 1 : climb->curvature[i];
    const double mean = climb->part[i] == HELD ? 0 : climb->mean[i];
    far |= !(fabs(mean) < MEAN_BAND && precision < PRECISION_BAND && precision > 1 / PRECISION_BAND);
    const int finite = isfinite(mean) && isfinite(precision);
    step[i] = finite ? fmax(-1, fmin(1, mean / fmax(1, precision))) : 0;
    factor[i] = finite ? 1 / sqrt(fmax(0.25, fmin(4, precision))) : 0.5;
  }
  if (!far) return 0;
  apply_root(climb, step, climb->at, 0);
  for (int64_t i = 0; i < climb->problem.dim; i++) climb->q[i] += climb->at[i];
  rescale(climb, factor);
  return 1;
}
