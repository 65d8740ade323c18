#include "linear_gaussian.h"

#include <stdlib.h>

#include "../graph/scan.h"

/* ---- entries ---- */

int rp_linear_gaussian_open(rp_graph *g, rp_linear_gaussian *m, int64_t steps, int64_t states, int64_t outputs) {
  int64_t d = states, p = outputs, n = 2 * d + 3 * d * d + d * p + p + p * p;
  *m = (rp_linear_gaussian) {.steps = steps, .states = d, .outputs = p};
  rp_node_id *all = malloc((size_t) n * sizeof *all);
  if (!all) return rp_fail_memory(rp_graph_status(g), "a state-space model"), 0;
  for (int64_t i = 0; i < n; i++) all[i] = RP_NONE;
  m->initial_mean = all;
  m->initial_cov = m->initial_mean + d;
  m->transition = m->initial_cov + d * d;
  m->transition_mean = m->transition + d * d;
  m->transition_cov = m->transition_mean + d;
  m->observation = m->transition_cov + d * d;
  m->observation_mean = m->observation + d * p;
  m->observation_cov = m->observation_mean + p;
  return 1;
}

void rp_linear_gaussian_close(rp_linear_gaussian *m) {
  free(m->initial_mean);
  m->initial_mean = NULL;
}

rp_node_id rp_linear_gaussian_events(rp_graph *g, rp_linear_gaussian_opener open, rp_linear_gaussian_maker make,
                                     const rp_node_id *a, rp_node_id y, const uint8_t *known, const uint32_t *stream,
                                     int64_t n_events, int64_t event_size) {
  rp_node_id all = RP_NONE, noise = RP_NONE;
  for (int64_t e = 0; e < n_events; e++) {
    rp_linear_gaussian m;
    if (!open(g, a, e, &m)) return RP_NONE;
    int64_t n = rp_linear_gaussian_noise(&m);
    if (stream && e == 0) noise = rp_standard_normals(g, *stream, n_events, n);
    rp_node_id own_noise = stream ? rp_slice(g, noise, e * n, n) : RP_NONE;
    rp_node_id own = y == RP_NONE ? RP_NONE : rp_slice(g, y, e * event_size, event_size);
    rp_node_id parts[2] = {all, make(g, &m, a, own, known ? known + e * event_size : NULL, own_noise)};
    all = e == 0 ? parts[1] : rp_concat(g, parts, 2);
    rp_linear_gaussian_close(&m);
  }
  return all;
}

static int is_diagonal(rp_graph *g, const rp_node_id *cov, int64_t k) {
  for (int64_t j = 0; j < k; j++)
    for (int64_t i = 0; i < j; i++)
      if (!rp_is_all(g, cov[i + j * k], 0)) return 0;
  return 1;
}

/* Lower Cholesky factor, entry by entry, of matrices whose entries are scalars or one number for each step. */
static void factor_entries(rp_graph *g, const rp_node_id *cov, int64_t k, rp_node_id *l) {
  for (int64_t j = 0; j < k; j++)
    for (int64_t i = 0; i < k; i++) {
      l[i + j * k] = rp_const(g, 0);
      if (i < j) continue;
      rp_node_id sum = cov[j + i * k]; /* the upper triangle, as R's chol() reads */
      for (int64_t s = 0; s < j; s++) sum = rp_sub(g, sum, rp_mul(g, l[i + s * k], l[j + s * k]));
      l[i + j * k] = i == j ? rp_sqrt(g, sum) : rp_div(g, sum, l[j + j * k]);
    }
}

/* ---- the filter ----
 *
 * Outputs whose noises are independent of each other enter one after the other, as scalars (Durbin and Koopman 2012,
 * section 6.4); correlated noise is decorrelated first. A missing output has mask 0: it becomes an output 0 with
 * coefficients 0 and noise 1, which changes nothing and has density 1 but for the constant, which is not counted. */

typedef struct {
  rp_node_id *residual, *coefficient, *variance; /* p, d * p, p */
  rp_node_id log_scale;                          /* what decorrelating takes from the log density */
  double n_known;
} outputs;

static rp_node_id mask_of(rp_graph *g, const uint8_t *known, int64_t steps, double *n_known) {
  for (int64_t t = 0; t < steps; t++) *n_known += known ? known[t] : 1;
  return known ? rp_known_node(g, known, steps) : rp_const(g, 1);
}

static void decorrelate(rp_graph *g, const rp_linear_gaussian *m, rp_node_id *cov, rp_node_id *l, outputs *o) {
  int64_t d = m->states, p = m->outputs;
  factor_entries(g, cov, p, l);
  for (int64_t j = 0; j < p; j++) {
    for (int64_t s = 0; s < j; s++) {
      o->residual[j] = rp_sub(g, o->residual[j], rp_mul(g, l[j + s * p], o->residual[s]));
      for (int64_t i = 0; i < d; i++)
        o->coefficient[i + j * d] =
            rp_sub(g, o->coefficient[i + j * d], rp_mul(g, l[j + s * p], o->coefficient[i + s * d]));
    }
    o->residual[j] = rp_div(g, o->residual[j], l[j + j * p]);
    for (int64_t i = 0; i < d; i++) o->coefficient[i + j * d] = rp_div(g, o->coefficient[i + j * d], l[j + j * p]);
    o->variance[j] = rp_const(g, 1);
    o->log_scale = rp_add(g, o->log_scale, rp_sum_n(g, rp_log(g, l[j + j * p]), m->steps));
  }
}

/* room: for p + d * p + p + 2 p * p nodes. */
static outputs prepare_outputs(rp_graph *g, const rp_linear_gaussian *m, rp_node_id y, const uint8_t *known,
                               rp_node_id *room) {
  int64_t d = m->states, p = m->outputs, n = m->steps;
  outputs o = {.residual = room, .coefficient = room + p, .variance = room + p + d * p, .log_scale = rp_const(g, 0)};
  rp_node_id *cov = o.variance + p, *mask = o.variance; /* the masks until variances take their place */
  for (int64_t j = 0; j < p; j++) {
    mask[j] = mask_of(g, known ? known + j * n : NULL, n, &o.n_known);
    rp_node_id value = rp_slice(g, y, j * n, n);
    o.residual[j] = rp_mul(g, mask[j], rp_sub(g, value, m->observation_mean[j]));
    for (int64_t i = 0; i < d; i++) o.coefficient[i + j * d] = rp_mul(g, mask[j], m->observation[i + j * d]);
  }
  for (int64_t j = 0; j < p; j++)
    for (int64_t i = 0; i < p; i++) {
      rp_node_id both = rp_mul(g, mask[i], mask[j]), entry = rp_mul(g, both, m->observation_cov[i + j * p]);
      cov[i + j * p] = i == j ? rp_add(g, entry, rp_minus_from(g, 1, mask[j])) : entry;
    }
  if (is_diagonal(g, m->observation_cov, p))
    for (int64_t j = 0; j < p; j++) o.variance[j] = cov[j + j * p];
  else decorrelate(g, m, cov, cov + p * p, &o);
  return o;
}

/* Leaves of the body that stand for nodes outside. */
typedef struct {
  rp_graph *outside, *body;
  rp_node_id *sequence, *invariant;
  int32_t n_sequence, n_invariant;
} leaves;

static rp_node_id leaf_of(leaves *of, rp_node_id node) {
  const rp_node *outside = node == RP_NONE ? NULL : rp_graph_node(of->outside, node);
  if (!outside) return RP_NONE;
  if (outside->n == 1 && outside->op == RP_OP_CONST) return rp_const(of->body, outside->value);
  rp_node_id *list = outside->n == 1 ? of->invariant : of->sequence;
  int32_t *n = outside->n == 1 ? &of->n_invariant : &of->n_sequence, k = 0;
  while (k < *n && list[k] != node) k++;
  if (k == *n) list[(*n)++] = node;
  return outside->n == 1 ? rp_invariant(of->body, k) : rp_step(of->body, k);
}

/* Place of entry (i, j) of a symmetric matrix among the carries, behind the d numbers of the mean. */
static int64_t place_of(int64_t i, int64_t j, int64_t d) {
  return d + (i <= j ? i + j * (j + 1) / 2 : j + i * (i + 1) / 2);
}

/* One step. carry[] holds mean and covariance and ends as those after the step; next[] behind them gets, for each
 * output, the predicted variance and the prediction's error. */
static void filter_step(leaves *of, const rp_linear_gaussian *m, const outputs *o, rp_node_id *carry, rp_node_id *work,
                        rp_node_id *next) {
  rp_graph *b = of->body;
  int64_t d = m->states, size = d + d * (d + 1) / 2;
  rp_node_id *product = work, *predicted = work + d * d; /* cov A, then A' cov A + noise */
  for (int64_t j = 0; j < d; j++) {
    rp_node_id mean = leaf_of(of, m->transition_mean[j]);
    for (int64_t i = 0; i < d; i++) {
      mean = rp_add(b, mean, rp_mul(b, carry[i], leaf_of(of, m->transition[i + j * d])));
      product[i + j * d] = rp_const(b, 0);
      for (int64_t s = 0; s < d; s++)
        product[i + j * d] =
            rp_add(b, product[i + j * d], rp_mul(b, carry[place_of(i, s, d)], leaf_of(of, m->transition[s + j * d])));
    }
    predicted[j] = mean;
  }
  for (int64_t j = 0; j < d; j++)
    for (int64_t i = 0; i <= j; i++) {
      rp_node_id entry = leaf_of(of, m->transition_cov[i + j * d]);
      for (int64_t s = 0; s < d; s++)
        entry = rp_add(b, entry, rp_mul(b, leaf_of(of, m->transition[s + i * d]), product[s + j * d]));
      predicted[place_of(i, j, d)] = entry;
    }
  rp_node_id *gain = product; /* cov c of one output */
  for (int64_t j = 0; j < m->outputs; j++) {
    rp_node_id variance = leaf_of(of, o->variance[j]), error = leaf_of(of, o->residual[j]);
    for (int64_t i = 0; i < d; i++) {
      rp_node_id c = leaf_of(of, o->coefficient[i + j * d]);
      gain[i] = rp_const(b, 0);
      for (int64_t s = 0; s < d; s++)
        gain[i] = rp_add(b, gain[i], rp_mul(b, predicted[place_of(i, s, d)], leaf_of(of, o->coefficient[s + j * d])));
      variance = rp_add(b, variance, rp_mul(b, c, gain[i]));
      error = rp_sub(b, error, rp_mul(b, c, predicted[i]));
    }
    for (int64_t i = 0; i < d; i++)
      predicted[i] = rp_add(b, predicted[i], rp_mul(b, rp_div(b, gain[i], variance), error));
    for (int64_t s = 0; s < d; s++)
      for (int64_t i = 0; i <= s; i++) {
        rp_node_id *entry = &predicted[place_of(i, s, d)];
        *entry = rp_sub(b, *entry, rp_div(b, rp_mul(b, gain[i], gain[s]), variance));
      }
    next[size + 2 * j] = variance;
    next[size + 2 * j + 1] = error;
  }
  for (int64_t i = 0; i < size; i++) next[i] = predicted[i];
}

static rp_node_id sum_filtered(rp_graph *g, const rp_linear_gaussian *m, const outputs *o, const rp_node_id *states) {
  int64_t d = m->states, size = d + d * (d + 1) / 2;
  rp_node_id total = rp_add(g, o->log_scale, rp_const(g, RP_LOG_SQRT_2PI * o->n_known));
  for (int64_t j = 0; j < m->outputs; j++) {
    rp_node_id variance = rp_slice(g, states[size + 2 * j], 1, m->steps);
    rp_node_id error = rp_slice(g, states[size + 2 * j + 1], 1, m->steps);
    rp_node_id term = rp_add(g, rp_log(g, variance), rp_div(g, rp_square(g, error), variance));
    total = rp_add(g, total, rp_times(g, 0.5, rp_sum(g, term)));
  }
  return rp_neg(g, total);
}

rp_node_id rp_kalman_density(rp_graph *g, const rp_linear_gaussian *m, rp_node_id y, const uint8_t *known) {
  int64_t d = m->states, p = m->outputs, size = d + d * (d + 1) / 2, n_carry = size + 2 * p;
  int64_t n_room = 2 * p + d * p + 2 * p * p, n_leaves = 2 * d * d + d + d * p + 2 * p;
  rp_node_id *room = malloc((size_t) (n_room + 2 * n_leaves + 4 * n_carry + d * d + size) * sizeof *room);
  rp_scan_body body = {
      .body = rp_graph_new(), .n_carry = (int32_t) n_carry, .next = malloc((size_t) n_carry * sizeof *body.next)};
  rp_node_id density = RP_NONE;
  if (!room || !body.body || !body.next) {
    rp_fail_memory(rp_graph_status(g), "a Kalman filter");
    rp_scan_body_free(&body);
  } else {
    outputs o = prepare_outputs(g, m, y, known, room);
    leaves of = {.outside = g, .body = body.body, .sequence = room + n_room, .invariant = room + n_room + n_leaves};
    rp_node_id *initial = of.invariant + n_leaves, *carry = initial + n_carry, *states = carry + n_carry;
    for (int64_t k = 0; k < n_carry; k++) {
      carry[k] = rp_carry(body.body, (int32_t) k);
      initial[k] = k < d ? m->initial_mean[k] : rp_const(g, 1);
    }
    for (int64_t j = 0; j < d; j++)
      for (int64_t i = 0; i <= j; i++) initial[place_of(i, j, d)] = m->initial_cov[i + j * d];
    filter_step(&of, m, &o, carry, states + n_carry, body.next);
    body.n_sequence = of.n_sequence;
    body.n_invariant = of.n_invariant;
    if (rp_scan(g, body, initial, of.sequence, of.invariant, m->steps, states) == RP_OK)
      density = sum_filtered(g, m, &o, states);
  }
  free(room);
  return density;
}

/* ---- draws ---- */

int64_t rp_linear_gaussian_noise(const rp_linear_gaussian *m) {
  return m->states + m->steps * (m->states + m->outputs);
}

rp_node_id rp_linear_states(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *initial, rp_node_id added) {
  int64_t d = m->states, n = m->steps;
  rp_node_id *a = calloc((size_t) (d * d + 2 * d), sizeof *a), all = RP_NONE;
  if (!a) return rp_fail_memory(rp_graph_status(g), "a state-space model"), RP_NONE;
  rp_node_id *each = a + d * d, *states = each + d;
  for (int64_t j = 0; j < d; j++)
    for (int64_t i = 0; i < d; i++) a[i + j * d] = m->transition[j + i * d];
  for (int64_t i = 0; i < d; i++) each[i] = rp_slice(g, added, i * n, n);
  if (rp_affine_states(g, initial, a, each, n, (int32_t) d, 0, states) == RP_OK) {
    for (int64_t i = 0; i < d; i++) states[i] = rp_slice(g, states[i], 1, n);
    all = rp_concat(g, states, (int32_t) d);
  }
  free(a);
  return all;
}

/* mean + L noise, entry by entry: k vectors of n numbers (n = 1: scalars), one after the other. */
static rp_node_id correlate(rp_graph *g, const rp_node_id *mean, const rp_node_id *cov, int64_t k, rp_node_id noise,
                            int64_t n) {
  rp_node_id *l = malloc((size_t) (k * k + k) * sizeof *l), *out = l + k * k, all = RP_NONE;
  if (!l) return rp_fail_memory(rp_graph_status(g), "a state-space model"), RP_NONE;
  if (is_diagonal(g, cov, k)) {
    for (int64_t i = 0; i < k * k; i++) l[i] = i % (k + 1) == 0 ? rp_sqrt(g, cov[i]) : rp_const(g, 0);
  } else {
    factor_entries(g, cov, k, l);
  }
  for (int64_t i = 0; i < k; i++) {
    out[i] = rp_broadcast(g, mean[i], n);
    for (int64_t j = 0; j <= i; j++) out[i] = rp_add(g, out[i], rp_mul(g, l[i + j * k], rp_slice(g, noise, j * n, n)));
  }
  all = rp_concat(g, out, (int32_t) k);
  free(l);
  return all;
}

void rp_linear_gaussian_draw(rp_graph *g, const rp_linear_gaussian *m, rp_node_id noise, rp_node_id *states,
                             rp_node_id *outputs) {
  int64_t d = m->states, p = m->outputs, n = m->steps;
  rp_node_id first = correlate(g, m->initial_mean, m->initial_cov, d, rp_slice(g, noise, 0, d), 1);
  rp_node_id added = correlate(g, m->transition_mean, m->transition_cov, d, rp_slice(g, noise, d, n * d), n);
  rp_node_id *part = malloc((size_t) (d + p) * sizeof *part);
  if (!part) {
    rp_fail_memory(rp_graph_status(g), "a state-space model");
    return;
  }
  for (int64_t i = 0; i < d; i++) part[i] = rp_slice(g, first, i, 1);
  rp_node_id z = rp_linear_states(g, m, part, added);
  if (states) *states = z;
  rp_node_id own = correlate(g, m->observation_mean, m->observation_cov, p, rp_slice(g, noise, d + n * d, n * p), n);
  for (int64_t j = 0; j < p; j++) {
    part[j] = rp_slice(g, own, j * n, n);
    for (int64_t i = 0; i < d; i++)
      part[j] = rp_add(g, part[j], rp_mul(g, m->observation[i + j * d], rp_slice(g, z, i * n, n)));
  }
  if (outputs) *outputs = rp_concat(g, part, (int32_t) p);
  free(part);
}

static int copy_model(rp_graph *g, const rp_linear_gaussian *m, rp_linear_gaussian *copy) {
  int64_t d = m->states, p = m->outputs;
  if (!rp_linear_gaussian_open(g, copy, m->steps, d, p)) return 0;
  for (int64_t i = 0; i < 2 * d + 3 * d * d + d * p + p + p * p; i++) copy->initial_mean[i] = m->initial_mean[i];
  return 1;
}

/* The model without its means. */
static int centre(rp_graph *g, const rp_linear_gaussian *m, rp_linear_gaussian *without) {
  int64_t d = m->states, p = m->outputs;
  if (!copy_model(g, m, without)) return 0;
  for (int64_t i = 0; i < d; i++) without->initial_mean[i] = without->transition_mean[i] = rp_const(g, 0);
  for (int64_t j = 0; j < p; j++) without->observation_mean[j] = rp_const(g, 0);
  return 1;
}

/* Outputs are y = mean + M noise. Given the known ones, o, the noise is distributed as noise + M' S^-1 (y - M noise)_o
 * with S = (M M')_oo (Durbin and Koopman 2002, Biometrika 89). -S^-1 r is the derivative along r of the gradient of the
 * log density of residuals, and M' times something is the derivative of that something times the outputs: reverse mode
 * makes the smoother from the filter. What is differentiated is quadratic and linear, so that the leaves which stand
 * for the point disappear. */
static rp_node_id solve_outputs(rp_graph *g, const rp_linear_gaussian *without, rp_node_id residual,
                                const uint8_t *known) {
  rp_node_id point = rp_input(g, 0, without->steps * without->outputs), slope, solved;
  rp_node_id density = rp_kalman_density(g, without, point, known);
  if (density == RP_NONE || rp_gradient(g, density, &point, 1, &slope) != RP_OK) return RP_NONE;
  rp_node_id product = rp_sum(g, rp_mul(g, slope, residual));
  return rp_gradient(g, product, &point, 1, &solved) == RP_OK ? solved : RP_NONE;
}

rp_node_id rp_linear_gaussian_posterior(rp_graph *g, const rp_linear_gaussian *m, rp_node_id noise, rp_node_id y,
                                        const uint8_t *known) {
  rp_linear_gaussian without;
  rp_node_id drawn = RP_NONE, linear = RP_NONE, posterior = RP_NONE, shift;
  if (!centre(g, m, &without)) return RP_NONE;
  rp_linear_gaussian_draw(g, m, noise, NULL, &drawn);
  rp_node_id weights = solve_outputs(g, &without, rp_sub(g, y, drawn), known);
  rp_node_id point = rp_input(g, 0, rp_linear_gaussian_noise(m));
  rp_linear_gaussian_draw(g, &without, point, NULL, &linear);
  if (weights != RP_NONE && rp_gradient(g, rp_sum(g, rp_mul(g, weights, linear)), &point, 1, &shift) == RP_OK)
    posterior = rp_sub(g, noise, shift);
  rp_linear_gaussian_close(&without);
  return posterior;
}

/* ---- outputs that are seen through more noise ---- */

int rp_linear_gaussian_blurred(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *extra,
                               rp_linear_gaussian *blurred) {
  if (!copy_model(g, m, blurred)) return 0;
  for (int64_t i = 0; i < m->outputs * m->outputs; i++)
    blurred->observation_cov[i] = rp_add(g, m->observation_cov[i], extra[i]);
  return 1;
}

/* x = (L L')^-1 x, entry by entry. */
static void solve_entries(rp_graph *g, const rp_node_id *l, int64_t k, rp_node_id *x) {
  for (int64_t i = 0; i < k; i++) {
    for (int64_t j = 0; j < i; j++) x[i] = rp_sub(g, x[i], rp_mul(g, l[i + j * k], x[j]));
    x[i] = rp_div(g, x[i], l[i + i * k]);
  }
  for (int64_t i = k; i-- > 0;) {
    for (int64_t j = i + 1; j < k; j++) x[i] = rp_sub(g, x[i], rp_mul(g, l[j + i * k], x[j]));
    x[i] = rp_div(g, x[i], l[i + i * k]);
  }
}

/* The states given that the blurred outputs are the centre; then the outputs' own noise given its sum with the extra
 * noise, by Matheron's rule as in known.c. */
rp_node_id rp_linear_gaussian_updated(rp_graph *g, const rp_linear_gaussian *m, rp_node_id centre,
                                      const rp_node_id *extra, rp_node_id noise) {
  int64_t p = m->outputs, n = m->steps, before = rp_linear_gaussian_noise(m);
  rp_linear_gaussian blurred;
  rp_node_id *room = calloc((size_t) (p * p + 2 * p), sizeof *room), all = RP_NONE;
  if (!room || !rp_linear_gaussian_blurred(g, m, extra, &blurred)) {
    free(room);
    return rp_fail_memory(rp_graph_status(g), "a state-space model"), RP_NONE;
  }
  rp_node_id *solved = room + p * p, *zero = solved + p, states = RP_NONE;
  rp_node_id posterior = rp_linear_gaussian_posterior(g, &blurred, rp_slice(g, noise, 0, before), centre, NULL);
  rp_linear_gaussian_draw(g, m, posterior, &states, NULL);
  for (int64_t j = 0; j < p; j++) zero[j] = rp_const(g, 0);
  rp_node_id own = correlate(g, zero, m->observation_cov, p, rp_slice(g, noise, before, n * p), n);
  rp_node_id other = correlate(g, zero, extra, p, rp_slice(g, noise, before + n * p, n * p), n);
  factor_entries(g, blurred.observation_cov, p, room);
  for (int64_t j = 0; j < p; j++) {
    rp_node_id mean = m->observation_mean[j];
    for (int64_t i = 0; i < m->states; i++)
      mean = rp_add(g, mean, rp_mul(g, m->observation[i + j * m->states], rp_slice(g, states, i * n, n)));
    rp_node_id deviation = rp_add(g, rp_slice(g, own, j * n, n), rp_slice(g, other, j * n, n));
    solved[j] = rp_sub(g, rp_sub(g, rp_slice(g, centre, j * n, n), mean), deviation);
    zero[j] = rp_add(g, mean, rp_slice(g, own, j * n, n));
  }
  solve_entries(g, room, p, solved);
  for (int64_t j = 0; j < p; j++)
    for (int64_t i = 0; i < p; i++) zero[j] = rp_add(g, zero[j], rp_mul(g, m->observation_cov[j + i * p], solved[i]));
  for (int64_t j = 0; j < p; j++) zero[j] = rp_broadcast(g, zero[j], n);
  all = rp_concat(g, zero, (int32_t) p);
  rp_linear_gaussian_close(&blurred);
  free(room);
  return all;
}
