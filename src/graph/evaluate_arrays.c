#include "evaluate.h"

#include <math.h>
#include <string.h>

#include "../core/dct.h"

static void gather(const rp_node *node, const double *x, int64_t n_in, double *out);
static void scatter(const rp_node *node, const double *x, int64_t n_in, double *out);
static void concat(const rp_node *node, const double *const *in, const int64_t *in_n, double *out);
static void broadcast(const rp_node *node, const double *x, int64_t n_in, double *out);
static void gather_at(const rp_node *node, const double *const *in, const int64_t *in_n, double *out);
static void scatter_at(const rp_node *node, const double *const *in, const int64_t *in_n, double *out);
static double sum(const double *x, int64_t n);
static double extreme(rp_op op, const double *x, int64_t n);
static void cumsum(const rp_node *node, const double *x, int64_t n_in, double *out);
static void order(const double *x, int64_t n, double *out, double *workspace);
static void cosine(const rp_node *node, const double *const *in, double *out, double *workspace);
static void scan(const rp_node *node, const double *const *in, const int64_t *in_n, double *out, double *workspace);
static void affine_scan(const rp_node *node, const double *const *in, const int64_t *in_n, double *out);
static void random_events(const rp_node *node, const double *const *in, const int64_t *in_n, double *out,
                          rp_random_key key, double *workspace);

/* Doubles that hold n pointers. */
static int64_t doubles_for_pointers(int64_t n) {
  return (n * (int64_t) sizeof(double *) + (int64_t) sizeof(double) - 1) / (int64_t) sizeof(double);
}

int64_t rp_evaluate_arrays_workspace(const rp_node *node) {
  switch (node->op) {
    case RP_OP_ORDER: return node->n;
    case RP_OP_DCT: return rp_dct_workspace(node->attribute[0]);
    case RP_OP_SCAN: return rp_graph_size(node->scan->body);
    case RP_OP_RANDOM: return doubles_for_pointers(node->n_in + 1);
    default: return 0;
  }
}

void rp_evaluate_arrays(const rp_node *node, const double *const *in, const int64_t *in_n, double *out,
                        rp_random_key key, double *workspace) {
  switch (node->op) {
    case RP_OP_SLICE: memcpy(out, in[0] + node->attribute[0], (size_t) node->n * sizeof *out); break;
    case RP_OP_GATHER: gather(node, in[0], in_n[0], out); break;
    case RP_OP_SCATTER: scatter(node, in[0], in_n[0], out); break;
    case RP_OP_CONCAT: concat(node, in, in_n, out); break;
    case RP_OP_BROADCAST: broadcast(node, in[0], in_n[0], out); break;
    case RP_OP_GATHER_AT: gather_at(node, in, in_n, out); break;
    case RP_OP_SCATTER_AT: scatter_at(node, in, in_n, out); break;
    case RP_OP_SUM: out[0] = sum(in[0], in_n[0]); break;
    case RP_OP_MAX_OF:
    case RP_OP_MIN_OF: out[0] = extreme(node->op, in[0], in_n[0]); break;
    case RP_OP_CUMSUM: cumsum(node, in[0], in_n[0], out); break;
    case RP_OP_ORDER: order(in[0], in_n[0], out, workspace); break;
    case RP_OP_DCT: cosine(node, in, out, workspace); break;
    case RP_OP_SCAN: scan(node, in, in_n, out, workspace); break;
    case RP_OP_AFFINE_SCAN: affine_scan(node, in, in_n, out); break;
    case RP_OP_RANDOM: random_events(node, in, in_n, out, key, workspace); break;
    default:
      for (int64_t i = 0; i < node->n; i++) out[i] = NAN;
  }
}

/* ---- rearranging ---- */

static void gather(const rp_node *node, const double *x, int64_t n_in, double *out) {
  for (int64_t i = 0; i < node->n; i++) out[i] = n_in == 1 ? x[0] : x[node->index[i]];
}

static void scatter(const rp_node *node, const double *x, int64_t n_in, double *out) {
  for (int64_t i = 0; i < node->n; i++) out[i] = 0;
  for (int64_t i = 0; i < node->n_index; i++) out[node->index[i]] += n_in == 1 ? x[0] : x[i];
}

static void concat(const rp_node *node, const double *const *in, const int64_t *in_n, double *out) {
  for (int32_t k = 0; k < node->n_in; k++) {
    if (in_n[k] > 0) memcpy(out, in[k], (size_t) in_n[k] * sizeof *out);
    out += in_n[k];
  }
}

static void broadcast(const rp_node *node, const double *x, int64_t n_in, double *out) {
  for (int64_t i = 0; i < node->n; i++) out[i] = x[n_in == 1 ? 0 : i];
}

static int in_range(double position, int64_t n) { return position >= 0 && position < (double) n; }

static void gather_at(const rp_node *node, const double *const *in, const int64_t *in_n, double *out) {
  for (int64_t i = 0; i < node->n; i++) {
    double position = in[1][in_n[1] == 1 ? 0 : i];
    out[i] = in_range(position, in_n[0]) ? in[0][(int64_t) position] : NAN;
  }
}

static void scatter_at(const rp_node *node, const double *const *in, const int64_t *in_n, double *out) {
  int64_t count = in_n[0] > in_n[1] ? in_n[0] : in_n[1];
  for (int64_t i = 0; i < node->n; i++) out[i] = 0;
  for (int64_t i = 0; i < count; i++) {
    double position = in[1][in_n[1] == 1 ? 0 : i];
    if (in_range(position, node->n)) out[(int64_t) position] += in[0][in_n[0] == 1 ? 0 : i];
  }
}

/* ---- reductions, cumulative, order ---- */

/* Pairwise (Higham 1993): an error that grows like log n, so that the reference is the more exact side of a
 * comparison. */
static double sum(const double *x, int64_t n) {
  if (n > 32) return sum(x, n / 2) + sum(x + n / 2, n - n / 2);
  double total = 0;
  for (int64_t i = 0; i < n; i++) total += x[i];
  return total;
}

static double extreme(rp_op op, const double *x, int64_t n) {
  rp_op pairwise = op == RP_OP_MAX_OF ? RP_OP_MAX : RP_OP_MIN;
  double found = op == RP_OP_MAX_OF ? -INFINITY : INFINITY;
  for (int64_t i = 0; i < n; i++) found = rp_elementwise(pairwise, found, x[i], 0);
  return found;
}

static void cumsum(const rp_node *node, const double *x, int64_t n_in, double *out) {
  double total = 0;
  for (int64_t i = 0; i < node->n; i++) {
    int64_t at = node->attribute[0] != 0 ? node->n - 1 - i : i;
    total += x[n_in == 1 ? 0 : at];
    out[at] = total;
  }
}

/* Does x[b], which stands behind x[a], come before it in order? NaN comes last. */
static int overtakes(const double *x, double b, double a) {
  const double ahead = x[(int64_t) a], behind = x[(int64_t) b];
  return behind < ahead || (isnan(ahead) && !isnan(behind));
}

/* Merges runs of doubling length between out and workspace. Not qsort(), which may allocate. */
static void order(const double *x, int64_t n, double *out, double *workspace) {
  double *from = workspace, *to = out;
  for (int64_t i = 0; i < n; i++) from[i] = to[i] = (double) i;
  for (int64_t length = 1; length < n; length *= 2) {
    for (int64_t first = 0; first < n; first += 2 * length) {
      const int64_t middle = first + length < n ? first + length : n, end = middle + length < n ? middle + length : n;
      for (int64_t i = first, j = middle, k = first; k < end; k++) {
        const int from_second = i == middle || (j < end && overtakes(x, from[j], from[i]));
        to[k] = from_second ? from[j++] : from[i++];
      }
    }
    double *sorted = to;
    to = from;
    from = sorted;
  }
  if (n > 1 && from != out) memcpy(out, from, (size_t) n * sizeof *out);
}

static void cosine(const rp_node *node, const double *const *in, double *out, double *workspace) {
  int64_t n = node->attribute[0];
  for (int64_t at = 0; at < node->n; at += n)
    (node->attribute[1] ? rp_dct_inverse : rp_dct)(n, in[1], in[0] + at, out + at, workspace);
}

/* ---- scans ---- */

typedef struct {
  const rp_node *node;
  const double *const *in;
  const int64_t *in_n;
  const double *out;
  int64_t n;
} scan_run;

static double body_leaf(const scan_run *run, const rp_node *leaf, int64_t t) {
  const rp_scan_body *body = run->node->scan;
  int64_t k = leaf->attribute[0];
  switch (leaf->op) {
    case RP_OP_CONST: return leaf->value;
    case RP_OP_CARRY: return run->out[k * (run->n + 1) + t];
    case RP_OP_STEP: {
      int64_t input = body->n_carry + k;
      return run->in[input][run->in_n[input] == 1 ? 0 : t];
    }
    case RP_OP_INVARIANT: return run->in[body->n_carry + body->n_sequence + k][0];
    default: return NAN;
  }
}

static void scan(const rp_node *node, const double *const *in, const int64_t *in_n, double *out, double *workspace) {
  const rp_scan_body *body = node->scan;
  scan_run run = {.node = node, .in = in, .in_n = in_n, .out = out, .n = node->attribute[0]};
  for (int32_t k = 0; k < body->n_carry; k++) out[k * (run.n + 1)] = in[k][0];
  for (int64_t t = 0; t < run.n; t++) {
    for (rp_node_id id = 0; id < rp_graph_size(body->body); id++) {
      const rp_node *step = rp_graph_node(body->body, id);
      double x[3] = {0, 0, 0};
      for (int32_t k = 0; k < step->n_in && k < 3; k++) x[k] = workspace[step->in[k]];
      workspace[id] = step->n_in == 0 ? body_leaf(&run, step, t) : rp_elementwise(step->op, x[0], x[1], x[2]);
    }
    for (int32_t k = 0; k < body->n_carry; k++) out[k * (run.n + 1) + t + 1] = workspace[body->next[k]];
  }
}

/* state[t + 1] = A[t] state[t] + b[t]; in reverse state[n] is given and state[t] = A[t] state[t + 1] + b[t]. */
static void affine_scan(const rp_node *node, const double *const *in, const int64_t *in_n, double *out) {
  int64_t n = node->attribute[0], k = node->attribute[1], reverse = node->attribute[2] != 0;
  const double *const *matrix = in + k, *const *shift = matrix + k * k;
  const int64_t *matrix_n = in_n + k, *shift_n = matrix_n + k * k;
  for (int64_t i = 0; i < k; i++) out[i * (n + 1) + (reverse ? n : 0)] = in[i][0];
  for (int64_t step = 0; step < n; step++) {
    int64_t t = reverse ? n - 1 - step : step;
    int64_t from = reverse ? t + 1 : t, to = reverse ? t : t + 1;
    for (int64_t i = 0; i < k; i++) {
      double state = shift[i][shift_n[i] == 1 ? 0 : t];
      for (int64_t j = 0; j < k; j++) {
        int64_t entry = j * k + i;
        state += matrix[entry][matrix_n[entry] == 1 ? 0 : t] * out[j * (n + 1) + from];
      }
      out[i * (n + 1) + to] = state;
    }
  }
}

/* ---- random numbers ---- */

static void random_events(const rp_node *node, const double *const *in, const int64_t *in_n, double *out,
                          rp_random_key key, double *workspace) {
  const double **arguments = (const double **) (void *) workspace;
  int64_t n_events = node->attribute[1], event_size = node->attribute[2];
  rp_random stream = rp_random_open(key, (uint32_t) node->attribute[0]);
  for (int64_t event = 0; event < n_events; event++) {
    for (int32_t k = 0; k < node->n_in; k++) {
      int64_t width = node->index[k];
      arguments[k] = in[k] + (in_n[k] == width ? 0 : event * width);
    }
    node->sampler(&stream, arguments, event_size, out + event * event_size);
  }
}
