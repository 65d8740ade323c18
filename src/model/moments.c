/* Means and variances in closed form, through affine transforms, mixtures and zero inflation. */
#include <string.h>

#include "../graph/shorthand.h"
#include "combinator.h"

static rp_node_id compound_moment(rp_graph *g, const rp_compound *c, int variance);
static rp_node_id square_and_variance(rp_graph *g, const rp_distribution *d);

rp_node_id rp_distribution_moment(rp_graph *g, const rp_distribution *d, int variance) {
  rp_node_id (*known)(rp_graph *, const rp_node_id *) = variance ? d->family->variance : d->family->mean;
  if (!d->compound && !known) return RP_NONE;
  rp_node_id moment = d->compound ? compound_moment(g, d->compound, variance) : known(g, d->arguments);
  for (int32_t t = 0; t < d->n_transforms && moment != RP_NONE; t++) {
    const rp_transform *to = &d->transforms[t];
    if (to->count > 0 || to->inverted || strcmp(to->bijector->name, "affine") != 0) return RP_NONE;
    rp_node_id scale = variance ? rp_square(g, to->arguments[1]) : to->arguments[1];
    moment = rp_mul(g, scale, moment);
    if (!variance) moment = rp_add(g, to->arguments[0], moment);
  }
  return moment;
}

static rp_node_id compound_moment(rp_graph *g, const rp_compound *c, int variance) {
  int mixture = c->kind == RP_COMPOUND_MIXTURE;
  if ((!mixture && c->kind != RP_COMPOUND_ZERO_INFLATED) || c->face.event_dim > 0) return RP_NONE;
  rp_node_id mean = rp_const(g, 0), square = rp_const(g, 0);
  for (int32_t k = 0; k < c->n_parts; k++) {
    rp_node_id weight = mixture ? rp_exp(g, c->numbers[k]) : rp_minus_from(g, 1, c->numbers[0]);
    mean = rp_add(g, mean, rp_mul(g, weight, rp_distribution_moment(g, &c->parts[k], 0)));
    if (variance) square = rp_add(g, square, rp_mul(g, weight, square_and_variance(g, &c->parts[k])));
  }
  return variance ? rp_sub(g, square, rp_square(g, mean)) : mean;
}

static rp_node_id square_and_variance(rp_graph *g, const rp_distribution *d) {
  return rp_add(g, rp_square(g, rp_distribution_moment(g, d, 0)), rp_distribution_moment(g, d, 1));
}
