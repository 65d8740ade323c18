/* Flat arrays of events of several numbers, event innermost: what multivariate bijectors and families share.
 *
 * Nodes go to the graph that is given, whose status takes failures; nothing is owned. */
#ifndef RP_BIJ_EVENTS_H
#define RP_BIJ_EVENTS_H

#include "../core/constants.h"
#include "../graph/shorthand.h"

#define RP_UNUSED __attribute__((unused))

/* Sum over each event: n_events numbers. A scalar stands for n_events * event_size equal numbers. */
rp_node_id rp_event_sum(rp_graph *g, rp_node_id a, int64_t n_events, int64_t event_size);
/* log(sum(exp())) over each event, without overflow: n_events numbers. */
rp_node_id rp_event_log_sum_exp(rp_graph *g, rp_node_id a, int64_t n_events, int64_t event_size);
/* One number per event as event_size equal numbers each; scalars stay scalars. */
rp_node_id rp_event_repeat(rp_graph *g, rp_node_id a, int64_t n_events, int64_t event_size);
/* Numbers first, first + 1, .., first + count - 1 of every event. */
rp_node_id rp_event_part(rp_graph *g, rp_node_id a, int64_t n_events, int64_t event_size, int64_t first, int64_t count);
/* Events of both, joined one after the other. */
rp_node_id rp_event_join(rp_graph *g, rp_node_id a, int64_t a_size, rp_node_id b, int64_t b_size, int64_t n_events);
/* Running sums within each event; exclusive ones start at 0. From the end: each number and those after it. */
typedef enum { RP_RUNNING, RP_RUNNING_EXCLUSIVE, RP_RUNNING_FROM_END, RP_RUNNING_FROM_END_EXCLUSIVE } rp_running;
rp_node_id rp_event_cumsum(rp_graph *g, rp_node_id a, int64_t n_events, int64_t event_size, rp_running kind);
/* The same row-wise for events that are rows x cols matrices. */
rp_node_id rp_event_row_cumsum(rp_graph *g, rp_node_id a, int64_t n_events, int64_t rows, int64_t cols,
                               rp_running kind);
typedef int64_t (*rp_position)(int64_t i, int64_t size);
/* out[e * out_size + i] = a[e * in_size + position(i, size)], 0 where position is negative. */
rp_node_id rp_event_rearrange(rp_graph *g, rp_node_id a, int64_t n_events, int64_t in_size, int64_t out_size,
                              rp_position position, int64_t size);

#endif
