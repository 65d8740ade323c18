/* How a fit ends: it begins where svi_start.h finds a good start, searches with the standard gradient until the
 * ELBO no longer improves; goes on with the path derivative, whose noise vanishes where guide and posterior agree,
 * until that no longer improves it (from a good start it takes that at once, if it is the less noisy one there);
 * then lets the rate fall and averages the iterates.
 *
 * With a fixed number of steps each part has its share. A fit that ends by itself looks more often, at windows of
 * a fifth of what lies before, and when the end of the fall is no better than its middle, it is done; else the
 * rate falls once more, over as many steps. It should take at most twice as many steps as the best fixed number
 * (tools/bench-svi.R).
 *
 * Whether the ELBO improves is judged by averaged iterates (Polyak & Juditsky 1992) of successive windows, each of
 * which is a fixed share of all before it, so that a slow drift has ever more time to show: the difference of the
 * ELBO at the two averages, by the same noise for both, has hardly any Monte Carlo error when they are close;
 * where it has, two such windows in a row must agree. Rates that fall after a convergence test, and averages, as
 * in Welandawe, Andersen, Vehtari & Huggins (2022), "Robust, automated, and accurate black-box variational
 * inference". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "svi_start.h"

enum { FIRST_WINDOW = 100, DRAWS_AT_ONCE = 32, LEAST_DRAWS = 256, MOST_DRAWS = 1000, NOISE_DRAWS = 16, RATES = 50 };
enum { SHORTEST_FALL = 150, LEAST_STEPS = 950, SHORTEST_PATH = 300, MOST_CLIMB = 500 };
static const double GROWTH = 1.5, GROWTH_AUTOMATIC = 1.2, FALL_SHARE = 0.4, FALL = 0.01, LOST = 0.5;
static const double AVERAGED_SHARE = 0.4;
/* An improvement that is this share of what the noise of the iterates costs does not keep a search going: it is time
 * for less noise instead. */
static const double NOISE_SHARE = 0.1;
/* The noise of the iterates, which costs less at the end of a fall than in its middle, is part of the difference. */
static const double LATE_GAIN = 2;
/* Of a fixed number of steps, the start may take this share; of what is left, the search, and search and path
 * derivative together. */
static const double CLIMB_SHARE = 0.5, SEARCH_SHARE = 0.4, SETTLE_SHARE = 0.6;

typedef struct {
  rp_svi *svi;
  const rp_svi_plan *plan;
  rp_svi_report *report;
  double *loss, *before, *after; /* before, after: averages of two windows */
  double *best, *state;          /* where the path derivative sets out, and the optimizer's state there */
  int64_t compared;              /* draws of noise used in comparisons so far */
  int started;                   /* from what svi_start.h found */
  const rp_svi_hooks *hooks;
  rp_status *status;
} rp_fit;

static rp_code settle(rp_fit *fit, double window, int first, int64_t limit, int *settled);
static rp_code settle_path(rp_fit *fit, int64_t limit, int *settled);
static rp_code fall(rp_fit *fit, int64_t n_steps);
static rp_code choose_gradient(rp_fit *fit);
static rp_code run(rp_fit *fit, int64_t n_steps);
static int64_t left(const rp_fit *fit);
static rp_code improves(rp_fit *fit, int64_t most, int *still, int *sure);
static rp_code compare(rp_fit *fit, const double *before, int64_t most, double tolerance, double *gain,
                       double *error);
static rp_code fit_and_anneal(rp_fit *fit);
static rp_code climb(rp_fit *fit);

rp_code rp_svi_fit(rp_svi *svi, const rp_svi_plan *plan, double *loss, rp_svi_report *report,
                   const rp_svi_hooks *hooks, rp_status *status) {
  *report = (rp_svi_report){.searched = -1, .last_gain = NAN};
  size_t n = (size_t) rp_svi_n_parameters(svi) + 1;
  rp_fit fit = {.svi = svi, .plan = plan, .report = report, .loss = loss, .hooks = hooks, .status = status};
  fit.before = calloc(n, sizeof(double));
  fit.after = calloc(n, sizeof(double));
  fit.best = calloc(n, sizeof(double));
  fit.state = calloc((size_t) rp_svi_state_size(svi) + 1, sizeof(double));
  rp_svi_set_horizon(svi, rp_svi_step(svi) + plan->n_steps);
  rp_code code = RP_OK;
  if (!fit.before || !fit.after || !fit.best || !fit.state)
    code = rp_fail_memory(status, "averages of the guide's parameters");
  if (code == RP_OK && plan->climb) code = climb(&fit);
  /* a fit too short for any window is compared with where it began */
  if (code == RP_OK) memcpy(fit.before, rp_svi_parameters(svi), (n - 1) * sizeof(double));
  if (code == RP_OK) code = plan->anneal || plan->automatic ? fit_and_anneal(&fit) : run(&fit, left(&fit));
  free(fit.before);
  free(fit.after);
  free(fit.best);
  free(fit.state);
  return code;
}

/* ---- private ---- */

static double first_window(const rp_fit *fit) {
  return fit->plan->first_window > 0 ? (double) fit->plan->first_window : FIRST_WINDOW;
}

static int64_t left(const rp_fit *fit) { return fit->plan->n_steps - fit->report->n_done; }

static int64_t usual_fall(const rp_fit *fit) {
  const int64_t n = fit->report->n_done, share = (int64_t) (FALL_SHARE * (double) n) + SHORTEST_FALL;
  return n + share < LEAST_STEPS ? LEAST_STEPS - n : share;
}

static int64_t shorter(int64_t a, int64_t b) { return a < b ? a : b; }

static void swap(rp_fit *fit) {
  double *other = fit->before;
  fit->before = fit->after;
  fit->after = other;
}

static rp_code climb(rp_fit *fit) {
  const rp_svi_plan *plan = fit->plan;
  const int64_t most = shorter(MOST_CLIMB, (int64_t) (CLIMB_SHARE * (double) plan->n_steps));
  rp_code code = rp_svi_climb(fit->svi, most, fit->loss, &fit->report->climbed, &fit->started, fit->hooks,
                              fit->status);
  fit->report->n_done = fit->report->climbed;
  return code == RP_OK && fit->started && plan->anneal && !plan->keep_gradient ? choose_gradient(fit) : code;
}

static rp_code fit_and_anneal(rp_fit *fit) {
  const rp_svi_plan *plan = fit->plan;
  const int64_t n = plan->n_steps, begun = fit->report->n_done;
  const double rest = (double) (n - begun);
  int settled = 0;
  const int64_t most = plan->automatic ? n : begun + (int64_t) (SEARCH_SHARE * rest);
  memcpy(fit->before, rp_svi_parameters(fit->svi), (size_t) rp_svi_n_parameters(fit->svi) * sizeof(double));
  rp_code code = settle(fit, first_window(fit), begun > 0, most, &settled);
  if (settled) fit->report->searched = fit->report->n_done;
  if (code != RP_OK || (plan->automatic && !settled)) return code;
  if (!plan->anneal) {
    fit->report->converged = settled;
    return plan->automatic ? RP_OK : run(fit, left(fit));
  }
  int found = settled;
  if (!plan->keep_gradient) {
    code = settle_path(fit, plan->automatic ? n : begun + (int64_t) (SETTLE_SHARE * rest), &settled);
    if (code != RP_OK || (plan->automatic && !settled)) return code;
  }
  int64_t length = left(fit);
  if (plan->automatic) length = shorter(length, usual_fall(fit));
  while (code == RP_OK && length > 0) {
    double error, late = NAN; /* by which the end of the fall is better than its middle */
    code = fall(fit, length);
    if (code == RP_OK) code = compare(fit, fit->best, MOST_DRAWS, LATE_GAIN * plan->tolerance, &late, &error);
    if (code == RP_OK) code = compare(fit, fit->before, MOST_DRAWS, plan->tolerance, &fit->report->last_gain, &error);
    if (code == RP_OK && !(fit->report->last_gain > -LOST)) rp_svi_set_parameters(fit->svi, fit->before);
    else swap(fit);
    fit->report->converged = found && settled && code == RP_OK;
    if (!plan->automatic || late < LATE_GAIN * plan->tolerance) break;
    fit->report->converged = 0;
    length = shorter(left(fit), length);
  }
  return code;
}

/* The path derivative unless its gradient is the noisier one here. Gradients that tell count as steps. */
static rp_code choose_gradient(rp_fit *fit) {
  const rp_elbo_kind kinds[2] = {rp_svi_gradient(fit->svi), RP_ELBO_PATH};
  double noise[2];
  if (left(fit) < 10 * NOISE_DRAWS) return RP_OK;
  for (int k = 0; k < 2; k++) {
    double *loss = fit->loss + fit->report->n_done;
    if (rp_svi_noise(fit->svi, kinds[k], NOISE_DRAWS, loss, &noise[k], fit->status) != RP_OK) return fit->status->code;
    fit->report->n_done += NOISE_DRAWS;
  }
  return noise[1] < noise[0] ? rp_svi_set_gradient(fit->svi, RP_ELBO_PATH, fit->status) : RP_OK;
}

/* The noise of the path derivative grows with the distance from the posterior, so that it may go astray where there
 * are many parameters: back, then, to where it set out and to the gradient before. That is looked at after a short
 * while, too. */
static rp_code settle_path(rp_fit *fit, int64_t limit, int *settled) {
  const rp_elbo_kind searched_with = rp_svi_gradient(fit->svi);
  const int64_t step = rp_svi_step(fit->svi);
  const double share = fit->plan->automatic ? GROWTH_AUTOMATIC - 1 : GROWTH - 1;
  const int from_afar = fit->plan->automatic && !fit->started;
  const double shortest = from_afar ? fmax(SHORTEST_PATH, first_window(fit)) : first_window(fit);
  const double window = fmax(shortest, share * (double) fit->report->n_done);
  memcpy(fit->best, fit->before, (size_t) rp_svi_n_parameters(fit->svi) * sizeof(double));
  memcpy(fit->state, rp_svi_state(fit->svi), (size_t) rp_svi_state_size(fit->svi) * sizeof(double));
  rp_svi_set_parameters(fit->svi, fit->best);
  rp_code code = searched_with == RP_ELBO_PATH ? RP_OK : choose_gradient(fit);
  if (code != RP_OK || rp_svi_gradient(fit->svi) == searched_with) return code;
  rp_svi_average_from_here(fit->svi);
  int lost = 0;
  double gain = NAN, error;
  const double parts[2] = {FIRST_WINDOW, window - FIRST_WINDOW};
  for (int k = 0; k < 2 && code == RP_OK && !lost; k++) {
    gain = -INFINITY;
    code = run(fit, shorter((int64_t) parts[k], limit - fit->report->n_done));
    if (code == RP_OK && rp_svi_average(fit->svi, fit->after) > 0)
      code = compare(fit, fit->best, 100, -LOST, &gain, &error);
    lost = code == RP_NOT_FINITE || (code == RP_OK && !(gain >= -LOST));
  }
  if (!lost && code == RP_OK) {
    if (fit->plan->automatic) code = compare(fit, fit->best, MOST_DRAWS, fit->plan->tolerance, &gain, &error);
    swap(fit);
    if (code != RP_OK || (fit->plan->automatic && gain < fit->plan->tolerance)) return code;
    return settle(fit, window, 1, limit, settled);
  }
  if (code != RP_NOT_FINITE && code != RP_OK) return code;
  rp_status_clear(fit->status);
  rp_svi_set_parameters(fit->svi, fit->best);
  rp_svi_set_state(fit->svi, step, fit->state);
  memcpy(fit->before, fit->best, (size_t) rp_svi_n_parameters(fit->svi) * sizeof(double));
  return rp_svi_set_gradient(fit->svi, searched_with, fit->status);
}

/* The first two windows have the given length; first: 1 when fit->before has what the first one to be run is compared
 * with. In the end it has the average of the last one. */
static rp_code settle(rp_fit *fit, double window, int first, int64_t limit, int *settled) {
  const double growth = fit->plan->automatic ? GROWTH_AUTOMATIC : GROWTH;
  double length = window, since = first ? (double) fit->report->n_done : 0;
  int doubtful = 0;
  *settled = 0;
  for (int k = first; fit->report->n_done < limit; k++) {
    rp_svi_average_from_here(fit->svi);
    int64_t n_steps = shorter((int64_t) length, limit - fit->report->n_done);
    rp_code code = run(fit, n_steps);
    if (code != RP_OK) return code;
    rp_svi_average(fit->svi, fit->after);
    if (k > 0 && n_steps == (int64_t) length) {
      int still, sure;
      code = improves(fit, fit->plan->automatic ? MOST_DRAWS : n_steps / 2, &still, &sure);
      *settled = !still && (sure || doubtful || !fit->plan->automatic);
      doubtful = !still;
      if (code != RP_OK) return code;
    }
    swap(fit);
    if (*settled) return RP_OK;
    since += length;
    if (k > 0) length = fmax(first_window(fit), (growth - 1) * since);
  }
  return RP_OK;
}

/* The rate falls geometrically; the last iterates are averaged and taken. fit->best takes the average of those
 * before. */
static rp_code fall(rp_fit *fit, int64_t n_steps) {
  const int64_t start = fit->report->n_done;
  int averaging = 0;
  rp_code code = RP_OK;
  for (int k = 0; k < RATES && code == RP_OK; k++) {
    rp_svi_set_rate_factor(fit->svi, pow(FALL, (k + 0.5) / RATES));
    if (averaging < 2 && k >= (1 - (2 - averaging) * AVERAGED_SHARE) * RATES) {
      if (averaging == 1) rp_svi_average(fit->svi, fit->best);
      rp_svi_average_from_here(fit->svi);
      averaging++;
    }
    code = run(fit, start + n_steps * (k + 1) / RATES - fit->report->n_done);
  }
  rp_svi_set_rate_factor(fit->svi, 1);
  if (code != RP_OK) return code;
  if (rp_svi_average(fit->svi, fit->after) > 0) rp_svi_set_parameters(fit->svi, fit->after);
  return RP_OK;
}

static rp_code run(rp_fit *fit, int64_t n_steps) {
  int64_t done = 0;
  rp_code code = rp_svi_run(fit->svi, n_steps, fit->loss + fit->report->n_done, &done, fit->hooks, fit->status);
  fit->report->n_done += done;
  return code;
}

/* Is the second window's average better than the first's by more than counts? sure: or is it not, beyond the error. */
static rp_code improves(rp_fit *fit, int64_t most, int *still, int *sure) {
  double gain, noise, error, enough = fit->plan->tolerance;
  *still = 0;
  rp_code code = compare(fit, fit->before, most, enough, &gain, &error);
  *sure = gain + error < enough;
  if (code != RP_OK || gain < enough) return code;
  code = compare(fit, rp_svi_parameters(fit->svi), most, gain / NOISE_SHARE, &noise, &error);
  *still = !(gain < NOISE_SHARE * noise);
  return code;
}

/* By how much the ELBO at fit->after is better, with its standard error: as many draws as are needed to tell whether by
 * more than the tolerance. */
static rp_code compare(rp_fit *fit, const double *before, int64_t most, double tolerance, double *gain,
                       double *error) {
  double mean = 0, variance = 0;
  int64_t n = 0;
  while (n == 0 || n < most) {
    double batch, mcse;
    rp_code code = rp_svi_gain(fit->svi, before, fit->after, fit->compared, DRAWS_AT_ONCE, &batch, &mcse, fit->status);
    if (code != RP_OK) return code;
    fit->compared += DRAWS_AT_ONCE;
    n += DRAWS_AT_ONCE;
    const double share = (double) DRAWS_AT_ONCE / (double) n;
    mean += share * (batch - mean);
    variance = (1 - share) * (1 - share) * variance + share * share * mcse * mcse;
    if (n >= LEAST_DRAWS && fabs(mean - tolerance) > 3 * sqrt(variance)) break;
  }
  *gain = mean;
  *error = sqrt(variance);
  return RP_OK;
}
