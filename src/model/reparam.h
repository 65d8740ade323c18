/* Reparameterizers: a message replaced by auxiliary messages and a computed value, or given another distribution that
 * is conditional on auxiliary messages.  One file each in reparam/, one line each in reparam/reparameterizers.def.
 *
 * A latent message is replaced (its value is set) or changed (it goes on, with another distribution); an observed one
 * (message->observed is not NULL) keeps its value, so that it can only be changed.  In all cases integrating the
 * auxiliary messages out gives the density that the message had.  Nodes go to the run's graph, memory comes from its
 * pool, failures go to its status (RP_UNSUPPORTED: it cannot be applied to this site; RP_BAD_ARGUMENT: a setting does
 * not fit the site; RP_NO_MEMORY). */
#ifndef RP_MODEL_REPARAM_H
#define RP_MODEL_REPARAM_H

#include "run.h"

typedef enum {
  RP_REPARAM_PASSED = 0, /* nothing was decided (or it failed): the next handler is asked */
  RP_REPARAM_KEPT,       /* decided: the site stays as it is */
  RP_REPARAM_CHANGED,    /* message->dist is another distribution */
  RP_REPARAM_REPLACED    /* message->value is set */
} rp_reparam_result;

typedef struct rp_reparameterizer {
  const char *name;  /* kind in a spec; reparam_<name>() in R */
  const char *needs; /* of the site's distribution, for messages */
  int weighs;        /* the auxiliary site may carry the scale of with_scale(): log f and Jacobians are told apart */
  int couples;       /* the auxiliary site mixes elements, so the whole site must be drawn at once */
  int (*applies)(const rp_run *run, const rp_message *message);
  rp_reparam_result (*latent)(rp_run *run, const rp_reparam *settings, rp_message *message);
  rp_reparam_result (*observed)(rp_run *run, const rp_reparam *settings, rp_message *message); /* NULL: left alone */
} rp_reparameterizer;

const rp_reparameterizer *rp_reparameterizer_find(const char *name); /* NULL when there is none */

/* One entry of a configuration; explicit entries that cannot apply are errors. */
rp_reparam_result rp_reparam_apply(rp_run *run, const rp_reparam *reparam, rp_message *message);
/* One reparameterizer, without the question whether it applies: for strategies. */
rp_reparam_result rp_reparam_use(rp_run *run, const rp_reparameterizer *what, const rp_reparam *settings,
                                 rp_message *message);
/* The strategy's choice (strategy.c). centered: NaN leaves it to the fit. */
rp_reparam_result rp_reparam_strategy(rp_run *run, rp_strategy strategy, double centered, rp_message *message);

/* Whether location or scale are chosen by a site that is summed out: the standardised site would be a mixture of
 * shifted copies of itself. */
int rp_reparam_is_discrete(rp_run *run, const rp_distribution *d);

/* ---- what reparameterizers share ---- */
int rp_message_is(const rp_message *message, const char *family); /* of this family, without transforms */
/* n elementwise numbers of a univariate family with these arguments (RP_NONE where the family has fewer). */
rp_distribution rp_reparam_noise(const char *family, int64_t n, rp_node_id a, rp_node_id b);
/* An auxiliary message of univariate noise, k numbers an event, number e of event i of n at i + e n as R has them. */
rp_message rp_reparam_elements(rp_run *run, const rp_message *parent, const char *suffix, const rp_distribution *noise,
                               int64_t k);
/* From that order to the engine's, which keeps events together. */
rp_node_id rp_reparam_events(rp_graph *g, rp_node_id elements, int64_t n_events, int64_t k);
/* Notes that message->dist was changed by this reparameterizer; `before` is the distribution that the user wrote. */
rp_reparam_result rp_reparam_changed(rp_run *run, rp_message *message, const rp_distribution *dist, const char *by);
/* Draws the auxiliary message, which inherits the rest of a chain from its parent if `chained`. */
rp_node_id rp_reparam_draw(rp_run *run, const rp_message *parent, rp_message *auxiliary, int chained);
/* Whether a handler gives the auxiliary message a value. */
int rp_reparam_is_set(rp_run *run, const rp_message *auxiliary);

/* Length of the site along settings->dim; 0, with a status, when there is no such dim (linear.c). */
int64_t rp_reparam_extent(rp_run *run, const rp_reparam *settings, const rp_message *message, const char *by);
/* Auxiliary site y = map(v), v being the site on its unconstrained scale.  The map acts along that dim, has Jacobian 1
 * and learns from its third argument, set here, how many numbers of an event lie before the dim. */
rp_reparam_result rp_reparam_linear(rp_run *run, const rp_reparam *settings, rp_message *message, const char *by,
                                    const char *suffix, rp_transform map);
/* The Jacobian of such maps, as bijectors have it. */
rp_node_id rp_reparam_no_jacobian(rp_graph *g, rp_node_id u, rp_node_id x, const rp_node_id *a, int64_t n_events,
                                  int64_t size);

/* The site's coordinates from the noise of settings->transport (transport.c); by: neutra, structured. */
rp_reparam_result rp_reparam_carry(rp_run *run, const rp_reparam *settings, rp_message *message, const char *by);
/* At the end of a run: RP_BAD_ARGUMENT when a transport has coordinates that no site took. */
rp_code rp_reparam_check_carried(rp_run *run);

#define RP_REPARAMETERIZER(name) extern const rp_reparameterizer rp_reparam_##name;
#include "reparam/reparameterizers.def"
#undef RP_REPARAMETERIZER

#endif
