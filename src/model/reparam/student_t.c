/* student_t(): x ~ Student t(nu, m, s) is a normal whose precision is random: g ~ Gamma(nu / 2, rate nu / 2), x ~
 * Normal(m, s / sqrt(g)) (Andrews and Mallows 1974, Scale mixtures of normal distributions, JRSS B 36). A Cauchy has
 * nu = 1.  x stays a site, latent or observed; auxiliary site: x_gamma. */
#include "../../graph/shorthand.h"
#include "../reparam.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return rp_message_is(message, "student_t") || rp_message_is(message, "cauchy");
}

static rp_reparam_result change(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) settings;
  rp_graph *g = run->graph;
  const rp_distribution *t = &message->dist;
  int is_cauchy = rp_message_is(message, "cauchy");
  const rp_node_id *place = t->arguments + (is_cauchy ? 0 : 1); /* location, scale */
  rp_node_id half_df = is_cauchy ? rp_const(g, 0.5) : rp_times(g, 0.5, t->arguments[0]);
  rp_distribution gamma = rp_reparam_noise("gamma", t->n_events, half_df, half_df);
  rp_message auxiliary = rp_message_auxiliary(run, message, "gamma", &gamma);
  rp_node_id precision = rp_reparam_draw(run, message, &auxiliary, 0);
  if (precision == RP_NONE) return RP_REPARAM_PASSED;
  rp_node_id sd = rp_div(g, place[1], rp_sqrt(g, precision));
  rp_distribution normal = rp_reparam_noise("normal", t->n_events, place[0], sd);
  return rp_reparam_changed(run, message, &normal, "student_t");
}

const rp_reparameterizer rp_reparam_student_t = {
    .name = "student_t", .needs = "student_t() or cauchy()", .applies = applies, .latent = change, .observed = change};
