/* Guides: approximations of a block of the unconstrained vector, as graphs.  One family a file, one row of guide.c's
 * table.
 *
 * A guide turns its parameters (a PARAM slice, or constants) and standard noise (a RANDOM node, or anything else) into
 * a draw z, differentiable in both, and knows its log density. Where the map from noise to z is one to one the density
 * follows from its Jacobian. Nodes go to the graph that is given, whose status takes failures; nothing is owned. */
#ifndef RP_INFER_GUIDE_H
#define RP_INFER_GUIDE_H

#include "guide_function.h"

typedef enum {
  RP_GUIDE_NORMAL = 0, RP_GUIDE_MVN, RP_GUIDE_LOWRANK, RP_GUIDE_DELTA, RP_GUIDE_IAF, RP_GUIDE_COUPLING,
  RP_GUIDE_STRUCTURED, RP_GUIDE_MODEL, RP_GUIDE_COUNT
} rp_guide_kind;
rp_guide_kind rp_guide_from_name(const char *name); /* "normal", "mvn", ...; RP_GUIDE_COUNT: unknown */

/* A guide made of groups of elements in order (sites, usually), each of which may depend on earlier ones. */
typedef enum {
  RP_CONDITIONAL_DELTA = 0, RP_CONDITIONAL_NORMAL, RP_CONDITIONAL_MVN, RP_CONDITIONAL_FUNCTION, RP_CONDITIONAL_COUNT
} rp_conditional;
typedef struct {
  int32_t n_groups;
  const int64_t *size; /* elements of each group */
  const rp_conditional *conditional;
  int32_t n_edges;
  const int32_t *down, *up; /* group down depends on group up < down; increasing in down */
  /* All NULL when there are none. By group: what makes its noise, for RP_CONDITIONAL_FUNCTION; by edge: the function of
   * the upper group that replaces the linear one. NULL entries: none. */
  const rp_guide_function *const *group_function, *const *edge_function;
} rp_guide_structure;

/* A guide that is a model of its own: a graph of a draw, with its random numbers in it, and a graph of the density. */
typedef struct {
  int64_t n_parameters;
  const double *start;
  const rp_graph *draw_graph; /* PARAM: the parameters */
  rp_node_id draw;            /* n numbers */
  const rp_graph *density_graph;
  rp_node_id log_density;
  int64_t n_leaves;     /* PARAM of density_graph, each of which is */
  const int32_t *leaf;  /* a parameter (its number), or element e of the draw (n_parameters + e) */
} rp_guide_model;

typedef struct {
  rp_guide_kind kind;
  int64_t n;
  const int64_t *index; /* positions in the unconstrained vector; NULL: all n from 0 on */
  int64_t rank;         /* lowrank; 0: about sqrt(n) */
  double init_scale;    /* 0: the default, 0.1 */
  int64_t n_flows, n_hidden, n_layers; /* iaf, coupling: flows one after the other, and units and hidden layers of their
                                          networks; 0: the default (guide_network.h) */
  int64_t n_bins;       /* coupling: pieces of the splines; 0: 4 */
  const rp_guide_structure *structure; /* structured; borrowed */
  const rp_guide_model *model;         /* model; borrowed */
} rp_guide_block;

typedef struct {
  const char *name;
  int64_t (*n_parameters)(const rp_guide_block *block);
  int64_t (*n_noise)(const rp_guide_block *block);
  /* Starting values for a guide centred at `centre` (n numbers); random ones come from stream. */
  void (*start)(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters);
  rp_node_id (*draw)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise);
  /* log |det dz / dnoise| of a one-to-one map; NULL: it is none, and log_density is not NULL. */
  rp_node_id (*log_jacobian)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise);
  /* The noise that gives z; RP_NONE, without a failure, when that takes too long or is not known. NULL: none is
   * known. */
  rp_node_id (*inverse)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z);
  /* Where there is no quick inverse: (dz / dnoise)' solved for a gradient in noise, which gives the one in z; RP_NONE,
   * without a failure, when that takes too long. NULL otherwise. */
  rp_node_id (*solve_jacobian)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise,
                               rp_node_id gradient);
  /* of a draw z, one number; NULL when it follows from the Jacobian */
  rp_node_id (*log_density)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z);
  /* Mean and variance of every element, and the entropy, in closed form; NULL, both, where there is none. Elements of
   * a guide that has them are normal, or constant. */
  void (*moments)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id *mean,
                  rp_node_id *variance);
  rp_node_id (*entropy)(rp_graph *g, const rp_guide_block *block, rp_node_id parameters);
} rp_guide;
const rp_guide *rp_guide_of(const rp_guide_block *block);

/* Log density of the draw z that was made of noise. */
rp_node_id rp_guide_log_density(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise,
                                rp_node_id z);
/* The same with parameters that are held fixed, as a function of z alone; where the guide has no such form, the log
 * density above, at the parameters themselves. */
rp_node_id rp_guide_path_density(rp_graph *g, const rp_guide_block *block, rp_node_id fixed, rp_node_id parameters,
                                 rp_node_id noise, rp_node_id z);

/* What families share: start of scale parameters, their positive value, sum of squares. */
double rp_guide_raw_scale(const rp_guide_block *block); /* softplus of it is the initial scale */
double rp_guide_raw(double scale);                      /* softplus of it is the scale */
double rp_guide_softplus(double raw);
rp_node_id rp_guide_scale(rp_graph *g, rp_node_id raw);
/* Of families whose parameters begin with n locations and n raw scales: where these start, and the scales. */
void rp_guide_start_scales(const rp_guide_block *block, const double *centre, double *parameters);
rp_node_id rp_guide_scales(rp_graph *g, const rp_guide_block *block, rp_node_id parameters);
/* -1/2 sum of squares of standardised - log determinant - n/2 log(2 pi) */
rp_node_id rp_guide_normal_density(rp_graph *g, rp_node_id standardised, rp_node_id log_determinant, int64_t n);
/* of a normal with this log determinant of the covariance's root */
rp_node_id rp_guide_normal_entropy(rp_graph *g, rp_node_id log_determinant, int64_t n);
/* Parameters of a multivariate normal (RP_GUIDE_MVN) with this mean and this lower Cholesky factor of its covariance.
 * */
void rp_guide_mvn_set(int64_t n, const double *mean, const double *root, double *parameters);
/* The same for RP_GUIDE_LOWRANK, about; a column of W for which the covariance has nothing stays as it is. */
rp_code rp_guide_lowrank_set(const rp_guide_block *block, const double *mean, const double *root, double *parameters,
                             rp_status *status);

#endif
