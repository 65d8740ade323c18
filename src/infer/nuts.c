#include "nuts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A Hamiltonian is this much above the start's: the leapfrog integrator has left the level set for good (Stan's
 * constant). */
static const double MAX_ENERGY_ERROR = 1000;
enum { MAX_TREEDEPTH = 30 };

typedef struct {
  double *position, *momentum, *gradient, *velocity;
  double log_density;
} rp_point;

/* A subtree of the trajectory, in the order in which it was integrated.  A leaf (depth 0) has only one momentum: its
 * `end` and `sum` are its `begin`. */
typedef struct {
  double *begin_momentum, *begin_velocity, *end_momentum, *end_velocity;
  double *momentum_sum;
  double *position, *gradient; /* the point drawn from the subtree */
  double log_density, energy;  /* at that point */
  double log_weight;           /* log sum of exp(energy at the start - energy) over its points */
  int32_t depth;
} rp_subtree;

typedef enum { IDLE = 0, GROWING, STATIC_STEPS, PROBING } rp_phase;

struct rp_nuts {
  const rp_metric *metric;
  int64_t dim;
  uint64_t seed, chain;
  rp_random stream;
  rp_phase phase;
  double step_size;
  int32_t direction, max_treedepth, steps_left;
  rp_point current, forward, backward;
  rp_point *moving; /* its vectors are given to the leaf that it becomes, whose old ones it goes on with */
  const double *position, *momentum, *gradient; /* where the next step departs from */
  double start_energy, probe;
  double accept_sum, symmetric_sum;
  rp_subtree whole;  /* the trajectory so far, in order of time */
  rp_subtree *stack; /* finished subtrees of the doubling under way: a binary counter */
  int32_t n_stack, stack_size;
  rp_nuts_stats statistics;
  double *memory;
};

static double *take_point(rp_point *point, double *memory, int64_t dim);
static double *take_subtree(rp_subtree *subtree, double *memory, int64_t dim);
static void copy_point(rp_point *to, const rp_point *from, int64_t dim);
static void depart_from(rp_nuts *nuts, const double *position, const double *momentum, const double *gradient);
static void start_moving(rp_nuts *nuts, rp_point *point, int32_t direction);
static void stop_moving(rp_nuts *nuts);
static void open_transition(rp_nuts *nuts, uint64_t draw, const char *stream, uint32_t trial, double step_size,
                            rp_phase phase);
static void begin_step(rp_nuts *nuts);
static double end_step(rp_nuts *nuts, double log_density, const double *gradient);
static void count_step(rp_nuts *nuts, double energy);
static void begin_doubling(rp_nuts *nuts);
static void grow(rp_nuts *nuts, double energy);
static int push_leaf(rp_nuts *nuts, double energy);
static int join_whole(rp_nuts *nuts);
static int merge(rp_nuts *nuts, rp_subtree *a, rp_subtree *b, int biased);
static void static_step(rp_nuts *nuts, double energy);
static void finish(rp_nuts *nuts);

rp_nuts *rp_nuts_new(const rp_metric *metric, int32_t max_treedepth, uint64_t seed, uint64_t chain, rp_status *status) {
  int64_t dim = metric->dim;
  if (max_treedepth < 1 || max_treedepth > MAX_TREEDEPTH) {
    rp_fail(status, RP_BAD_ARGUMENT, NULL, "max_treedepth must be between 1 and %d, not %d.", MAX_TREEDEPTH,
            (int) max_treedepth);
    return NULL;
  }
  enum { POINTS = 3, POINT_VECTORS = 4, SUBTREE_VECTORS = 7 };
  int64_t vectors = POINTS * POINT_VECTORS + SUBTREE_VECTORS * ((int64_t) max_treedepth + 2);
  rp_nuts *nuts = calloc(1, sizeof *nuts);
  if (nuts) {
    nuts->stack_size = max_treedepth + 1;
    nuts->stack = calloc((size_t) nuts->stack_size, sizeof *nuts->stack);
    if (dim < INT64_MAX / 8 / vectors) nuts->memory = calloc((size_t) (vectors * dim) + 1, sizeof(double));
  }
  if (!nuts || !nuts->stack || !nuts->memory) {
    rp_nuts_free(nuts);
    rp_fail_memory(status, "the trajectory of a chain");
    return NULL;
  }
  nuts->metric = metric;
  nuts->dim = dim;
  nuts->seed = seed;
  nuts->chain = chain;
  double *memory = take_point(&nuts->current, nuts->memory, dim);
  memory = take_point(&nuts->forward, memory, dim);
  memory = take_point(&nuts->backward, memory, dim);
  memory = take_subtree(&nuts->whole, memory, dim);
  for (int32_t i = 0; i < nuts->stack_size; i++) memory = take_subtree(&nuts->stack[i], memory, dim);
  return nuts;
}

void rp_nuts_free(rp_nuts *nuts) {
  if (!nuts) return;
  free(nuts->memory);
  free(nuts->stack);
  free(nuts);
}

void rp_nuts_set(rp_nuts *nuts, const double *position, double log_density, const double *gradient) {
  memcpy(nuts->current.position, position, (size_t) nuts->dim * sizeof(double));
  memcpy(nuts->current.gradient, gradient, (size_t) nuts->dim * sizeof(double));
  nuts->current.log_density = log_density;
}

const double *rp_nuts_position(const rp_nuts *nuts) { return nuts->current.position; }
const double *rp_nuts_gradient(const rp_nuts *nuts) { return nuts->current.gradient; }
double rp_nuts_log_density(const rp_nuts *nuts) { return nuts->current.log_density; }

void rp_nuts_archive(rp_nuts *nuts, rp_archive *archive) {
  rp_archive_numbers(archive, nuts->current.position, nuts->dim);
  rp_archive_numbers(archive, nuts->current.gradient, nuts->dim);
  rp_archive_numbers(archive, &nuts->current.log_density, 1);
}

const rp_nuts_stats *rp_nuts_statistics(const rp_nuts *nuts) { return &nuts->statistics; }
double rp_nuts_probe(const rp_nuts *nuts) { return nuts->probe; }

void rp_nuts_begin(rp_nuts *nuts, uint64_t draw, double step_size, int32_t max_treedepth) {
  open_transition(nuts, draw, ".nuts", 0, step_size, GROWING);
  nuts->max_treedepth = max_treedepth < nuts->stack_size ? max_treedepth : nuts->stack_size - 1;
  copy_point(&nuts->forward, &nuts->current, nuts->dim);
  copy_point(&nuts->backward, &nuts->current, nuts->dim);
  rp_subtree *whole = &nuts->whole;
  size_t bytes = (size_t) nuts->dim * sizeof(double);
  memcpy(whole->begin_momentum, nuts->current.momentum, bytes);
  memcpy(whole->begin_velocity, nuts->current.velocity, bytes);
  memcpy(whole->position, nuts->current.position, bytes);
  memcpy(whole->gradient, nuts->current.gradient, bytes);
  whole->log_density = nuts->current.log_density;
  whole->energy = nuts->start_energy;
  whole->log_weight = 0;
  whole->depth = 0;
  begin_doubling(nuts);
}

void rp_nuts_begin_static(rp_nuts *nuts, uint64_t draw, double step_size, int32_t n_steps) {
  open_transition(nuts, draw, ".hmc", 0, step_size, STATIC_STEPS);
  copy_point(&nuts->forward, &nuts->current, nuts->dim);
  start_moving(nuts, &nuts->forward, 1);
  nuts->steps_left = n_steps;
  begin_step(nuts);
}

void rp_nuts_begin_probe(rp_nuts *nuts, uint64_t draw, uint32_t trial, double step_size) {
  open_transition(nuts, draw, ".probe", trial, step_size, PROBING);
  copy_point(&nuts->forward, &nuts->current, nuts->dim);
  start_moving(nuts, &nuts->forward, 1);
  begin_step(nuts);
}

const double *rp_nuts_request(const rp_nuts *nuts) { return nuts->phase == IDLE ? NULL : nuts->moving->position; }

void rp_nuts_answer(rp_nuts *nuts, double log_density, const double *gradient) {
  double energy = end_step(nuts, log_density, gradient);
  if (nuts->phase == GROWING) {
    grow(nuts, energy);
  } else if (nuts->phase == STATIC_STEPS) {
    static_step(nuts, energy);
  } else {
    nuts->probe = nuts->start_energy - energy;
    nuts->phase = IDLE;
  }
}

/* ---- memory ---- */

static double *take_point(rp_point *point, double *memory, int64_t dim) {
  point->position = memory;
  point->momentum = memory + dim;
  point->gradient = memory + 2 * dim;
  point->velocity = memory + 3 * dim;
  return memory + 4 * dim;
}

static double *take_subtree(rp_subtree *subtree, double *memory, int64_t dim) {
  double **vectors[] = {&subtree->begin_momentum, &subtree->begin_velocity, &subtree->end_momentum,
                        &subtree->end_velocity,   &subtree->momentum_sum,   &subtree->position,
                        &subtree->gradient};
  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++, memory += dim) *vectors[i] = memory;
  return memory;
}

/* All but the velocity. */
static void copy_point(rp_point *to, const rp_point *from, int64_t dim) {
  size_t bytes = (size_t) dim * sizeof(double);
  memcpy(to->position, from->position, bytes);
  memcpy(to->momentum, from->momentum, bytes);
  memcpy(to->gradient, from->gradient, bytes);
  to->log_density = from->log_density;
}

static void swap(double **a, double **b) {
  double *t = *a;
  *a = *b;
  *b = t;
}

/* ---- leapfrog ---- */

static void open_transition(rp_nuts *nuts, uint64_t draw, const char *stream, uint32_t trial, double step_size,
                            rp_phase phase) {
  nuts->stream = rp_random_open((rp_random_key){nuts->seed, nuts->chain, draw}, rp_random_site(stream, trial));
  nuts->phase = phase;
  nuts->step_size = step_size;
  nuts->accept_sum = nuts->symmetric_sum = 0;
  rp_metric_draw(nuts->metric, &nuts->stream, nuts->current.momentum);
  double twice_kinetic = rp_metric_velocity(nuts->metric, nuts->current.momentum, nuts->current.velocity);
  nuts->start_energy = 0.5 * twice_kinetic - nuts->current.log_density;
  if (phase != PROBING) nuts->statistics = (rp_nuts_stats){.step_size = step_size};
}

static void depart_from(rp_nuts *nuts, const double *position, const double *momentum, const double *gradient) {
  nuts->position = position;
  nuts->momentum = momentum;
  nuts->gradient = gradient;
}

static void start_moving(rp_nuts *nuts, rp_point *point, int32_t direction) {
  nuts->moving = point;
  nuts->direction = direction;
  depart_from(nuts, point->position, point->momentum, point->gradient);
}

/* Keeps where a doubling ended: its last leaf's vectors may be written over from now on. */
static void stop_moving(rp_nuts *nuts) {
  size_t bytes = (size_t) nuts->dim * sizeof(double);
  memcpy(nuts->moving->position, nuts->position, bytes);
  memcpy(nuts->moving->momentum, nuts->momentum, bytes);
  memcpy(nuts->moving->gradient, nuts->gradient, bytes);
}

/* Half a momentum step and a position step; the gradient there is what is then asked for. */
static void begin_step(rp_nuts *nuts) {
  rp_point *x = nuts->moving;
  rp_metric_depart(nuts->metric, nuts->direction * nuts->step_size, nuts->gradient, nuts->momentum, nuts->position,
                   x->momentum, x->position, x->velocity);
}

/* The second half; returns the energy, Inf where it is not a number.  A gradient that is not finite shows in it. */
static double end_step(rp_nuts *nuts, double log_density, const double *gradient) {
  rp_point *x = nuts->moving;
  x->log_density = log_density;
  double twice_kinetic = rp_metric_arrive(nuts->metric, nuts->direction * nuts->step_size, gradient, x->momentum,
                                          x->velocity, x->gradient);
  depart_from(nuts, x->position, x->momentum, x->gradient);
  double energy = 0.5 * twice_kinetic - log_density;
  return isfinite(energy) ? energy : INFINITY;
}

static void count_step(rp_nuts *nuts, double energy) {
  double gain = nuts->start_energy - energy;
  double accept = gain < 0 ? exp(gain) : 1;
  nuts->statistics.n_leapfrog++;
  nuts->accept_sum += accept;
  nuts->symmetric_sum += gain > 0 ? 2 / (1 + exp(gain)) : 2 * accept / (1 + accept);
  if (-gain > MAX_ENERGY_ERROR) nuts->statistics.divergent = 1;
}

/* ---- the tree ---- */

static void begin_doubling(rp_nuts *nuts) {
  if (rp_random_uniform(&nuts->stream) < 0.5) start_moving(nuts, &nuts->forward, 1);
  else start_moving(nuts, &nuts->backward, -1);
  nuts->n_stack = 0;
  begin_step(nuts);
}

/* One more point: it joins the subtrees of its size, and the whole when the doubling is complete.  A U-turn inside the
 * doubling or a divergence throws the doubling away. */
static void grow(rp_nuts *nuts, double energy) {
  count_step(nuts, energy);
  if (nuts->statistics.divergent || !push_leaf(nuts, energy)) {
    finish(nuts);
  } else if (nuts->n_stack > 1 || nuts->stack[0].depth < nuts->whole.depth) {
    begin_step(nuts);
  } else {
    stop_moving(nuts);
    int go_on = join_whole(nuts);
    if (go_on && nuts->whole.depth < nuts->max_treedepth) begin_doubling(nuts);
    else finish(nuts);
  }
}

static int push_leaf(rp_nuts *nuts, double energy) {
  rp_point *x = nuts->moving;
  rp_subtree *leaf = &nuts->stack[nuts->n_stack++];
  swap(&leaf->begin_momentum, &x->momentum);
  swap(&leaf->begin_velocity, &x->velocity);
  swap(&leaf->position, &x->position);
  swap(&leaf->gradient, &x->gradient);
  leaf->log_density = x->log_density;
  leaf->energy = energy;
  leaf->log_weight = nuts->start_energy - energy;
  leaf->depth = 0;
  while (nuts->n_stack > 1) {
    rp_subtree *b = &nuts->stack[nuts->n_stack - 1], *a = b - 1;
    if (a->depth != b->depth) break;
    nuts->n_stack--;
    if (!merge(nuts, a, b, 0)) return 0;
  }
  return 1;
}

/* The whole is kept in order of time; going backwards it is turned round so that the new subtree comes after it. */
static int join_whole(rp_nuts *nuts) {
  rp_subtree *whole = &nuts->whole;
  if (nuts->direction < 0 && whole->depth > 0) {
    swap(&whole->begin_momentum, &whole->end_momentum);
    swap(&whole->begin_velocity, &whole->end_velocity);
  }
  int go_on = merge(nuts, whole, &nuts->stack[0], 1);
  if (nuts->direction < 0) {
    swap(&whole->begin_momentum, &whole->end_momentum);
    swap(&whole->begin_velocity, &whole->end_velocity);
  }
  return go_on;
}

static double log_add(double a, double b) {
  double high = a > b ? a : b, low = a > b ? b : a;
  return low == -INFINITY ? high : high + log1p(exp(low - high));
}

/* Generalised criterion (Betancourt 2017, A.4.2): both end velocities point along the summed momentum a + b, which is
 * stored in sum unless that is NULL. */
static int still_going(const rp_nuts *nuts, const double *velocity1, const double *velocity2, const double *a,
                       const double *b, double *sum) {
  double along[2];
  nuts->metric->loops->along((size_t) nuts->dim, velocity1, velocity2, a, b, sum, along);
  return along[0] > 0 && along[1] > 0;
}

/* Joins b, which follows a and has its size, to a.  biased: progressive sampling of the outermost doubling, which
 * prefers the new half (Betancourt 2017, A.3.2).  Returns whether the joined trajectory goes on: the criterion over all
 * of it and across the seam, from either half to the first momentum of the other (Stan >= 2.21). */
static int merge(rp_nuts *nuts, rp_subtree *a, rp_subtree *b, int biased) {
  double *a_end_momentum = a->depth ? a->end_momentum : a->begin_momentum;
  double *a_end_velocity = a->depth ? a->end_velocity : a->begin_velocity;
  double *a_sum = a->depth ? a->momentum_sum : a->begin_momentum;
  double **b_end_momentum = b->depth ? &b->end_momentum : &b->begin_momentum;
  double **b_end_velocity = b->depth ? &b->end_velocity : &b->begin_velocity;
  const double *b_sum = b->depth ? b->momentum_sum : b->begin_momentum;

  /* Between two leaves all three are the same. The sum is complete if the trajectory goes on, else nobody wants it. */
  int go_on = (a->depth == 0 ||
               (still_going(nuts, a->begin_velocity, b->begin_velocity, a_sum, b->begin_momentum, NULL) &&
                still_going(nuts, a_end_velocity, *b_end_velocity, b_sum, a_end_momentum, NULL))) &&
              still_going(nuts, a->begin_velocity, *b_end_velocity, a_sum, b_sum, a->momentum_sum);

  double log_weight = log_add(a->log_weight, b->log_weight);
  double log_odds = b->log_weight - (biased ? a->log_weight : log_weight);
  if (log(rp_random_uniform(&nuts->stream)) < log_odds) {
    swap(&a->position, &b->position);
    swap(&a->gradient, &b->gradient);
    a->log_density = b->log_density;
    a->energy = b->energy;
  }
  swap(&a->end_momentum, b_end_momentum);
  swap(&a->end_velocity, b_end_velocity);
  a->log_weight = log_weight;
  a->depth++;
  return go_on;
}

static void static_step(rp_nuts *nuts, double energy) {
  count_step(nuts, energy);
  if (!nuts->statistics.divergent && --nuts->steps_left > 0) {
    begin_step(nuts);
    return;
  }
  /* One decision at the end of the trajectory, whose acceptance probability is also what is tuned. */
  int32_t n = nuts->statistics.n_leapfrog;
  double gain = nuts->start_energy - energy;
  nuts->accept_sum = n * (gain < 0 ? exp(gain) : 1);
  rp_point *chosen = &nuts->current;
  if (!nuts->statistics.divergent && log(rp_random_uniform(&nuts->stream)) < gain) chosen = &nuts->forward;
  size_t bytes = (size_t) nuts->dim * sizeof(double);
  memcpy(nuts->whole.position, chosen->position, bytes);
  memcpy(nuts->whole.gradient, chosen->gradient, bytes);
  nuts->whole.log_density = chosen->log_density;
  nuts->whole.energy = chosen == &nuts->current ? nuts->start_energy : energy;
  nuts->whole.depth = 0;
  finish(nuts);
}

static void finish(rp_nuts *nuts) {
  rp_nuts_stats *s = &nuts->statistics;
  s->accept_stat = nuts->accept_sum / s->n_leapfrog;
  s->accept_symmetric = nuts->symmetric_sum / s->n_leapfrog;
  s->tree_depth = nuts->whole.depth;
  s->energy = nuts->whole.energy;
  s->log_density = nuts->whole.log_density;
  size_t bytes = (size_t) nuts->dim * sizeof(double);
  s->moved = memcmp(nuts->current.position, nuts->whole.position, bytes) != 0;
  memcpy(nuts->current.position, nuts->whole.position, bytes);
  memcpy(nuts->current.gradient, nuts->whole.gradient, bytes);
  nuts->current.log_density = nuts->whole.log_density;
  nuts->phase = IDLE;
}
