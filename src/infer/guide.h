/* Guides: approximations of a block of the unconstrained vector, as graphs.  One family a file, one row of guide.c's
 * table.
 *
 * A guide turns its parameters (a PARAM slice) and standard noise (a RANDOM node) into a draw z, differentiable in the
 * parameters, and knows its log density. */
#ifndef RP_INFER_GUIDE_H
#define RP_INFER_GUIDE_H

#include "../graph/graph.h"

typedef enum { RP_GUIDE_NORMAL = 0, RP_GUIDE_MVN, RP_GUIDE_LOWRANK, RP_GUIDE_DELTA, RP_GUIDE_COUNT } rp_guide_kind;
rp_guide_kind rp_guide_from_name(const char *name); /* "normal", "mvn", ...; RP_GUIDE_COUNT: unknown */

typedef struct {
  rp_guide_kind kind;
  int64_t n;
  const int64_t *index; /* positions in the unconstrained vector; NULL: all n from 0 on */
  int64_t rank;         /* lowrank; 0: about sqrt(n) */
  double init_scale;    /* 0: the default, 0.1 */
} rp_guide_block;

typedef struct {
  const char *name;
  int64_t (*n_parameters)(const rp_guide_block *block);
  int64_t (*n_noise)(const rp_guide_block *block);
  /* Starting values for a guide centred at `centre` (n numbers); random ones come from stream. */
  void (*start)(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters);
  rp_node_id (*draw)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise);
  /* of a draw z; one number */
  rp_node_id (*log_density)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z);
  /* The same in terms of the noise, which is cheaper; NULL when there is no such form. */
  rp_node_id (*log_density_of_noise)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise);
  /* Mean and variance of every element, and the entropy, in closed form; NULL, both, where there is none. */
  void (*moments)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id *mean,
                  rp_node_id *variance);
  rp_node_id (*entropy)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters);
} rp_guide;
const rp_guide *rp_guide_of(const rp_guide_block *block);

/* What families share: start of scale parameters, their positive value, sum of squares. */
double rp_guide_raw_scale(const rp_guide_block *block); /* softplus of it is the initial scale */
rp_node_id rp_guide_scale(rp_graph *g, rp_node_id raw);
/* -1/2 sum of squares of standardised - log determinant - n/2 log(2 pi) */
rp_node_id rp_guide_normal_density(rp_graph *g, rp_node_id standardised, rp_node_id log_determinant, int64_t n);
/* of a normal with this log determinant of the covariance's root */
rp_node_id rp_guide_normal_entropy(rp_graph *g, rp_node_id log_determinant, int64_t n);
/* Parameters of a multivariate normal (RP_GUIDE_MVN) with this mean and this lower Cholesky factor of its covariance.
 * */
void rp_guide_mvn_set(int64_t n, const double *mean, const double *root, double *parameters);

#endif
