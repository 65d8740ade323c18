/* The program: a graph made ready to run many times.
 *
 * rp_program_new() schedules the nodes that the outputs need into stages of blocked loops, scalars, scans and
 * whole-array operations, and plans one arena. A program is immutable and may be shared between threads; each thread
 * (or group of lanes) has its own rp_work. Nothing is allocated by rp_program_run(). */
#ifndef RP_EXEC_PROGRAM_H
#define RP_EXEC_PROGRAM_H

#include "../graph/graph.h"

/* Instruction sets a program may be pinned to. RP_ISA_BEST is the best this machine has. */
typedef enum { RP_ISA_PORTABLE = 0, RP_ISA_SSE2, RP_ISA_AVX2, RP_ISA_AVX512, RP_ISA_BEST } rp_isa;
rp_isa rp_isa_best(void);
const char *rp_isa_name(rp_isa isa);

typedef struct rp_program rp_program;
typedef struct rp_work rp_work;

/* lanes: 1, 2, 4 or 8 evaluations in lock-step.  The graph is read only during the call (constants are copied).
 * NULL on failure, described in status. */
rp_program *rp_program_new(const rp_graph *g, const rp_node_id *outputs, int32_t n_outputs, rp_isa isa, int32_t lanes,
                           rp_status *status);
void rp_program_free(rp_program *program);

rp_work *rp_work_new(const rp_program *program, rp_status *status);
void rp_work_free(rp_work *work);

/* How many elements of the vectors of parameters and inputs a run reads. */
int64_t rp_program_params(const rp_program *program);
int64_t rp_program_inputs(const rp_program *program);

/* Evaluates. params is [dimension][lanes] (lane innermost), inputs likewise or NULL; keys has one key per lane, or is
 * NULL when the graph has no RANDOM node. Afterwards rp_work_output() holds the outputs, [n][lanes], until the next
 * run. */
void rp_program_run(const rp_program *program, rp_work *work, const double *params, const double *inputs,
                    const rp_random_key *keys);
const double *rp_work_output(const rp_work *work, int32_t output);

/* An estimate of the time that a run takes, or would take if the program had so many lanes: the same on every machine,
 * in nanoseconds of some. */
double rp_program_cost(const rp_program *program, int32_t lanes);

/* Sizes for print(program). Constants and code are there once, the work (arena and instructions with addresses) once
 * per rp_work; slots are the vectors of one block that loops share. */
typedef struct {
  int64_t arena_bytes, constant_bytes, code_bytes, work_bytes;
  int32_t n_stages, n_loops, n_instructions, n_scans, n_slots;
} rp_program_size;
rp_program_size rp_program_measure(const rp_program *program);
/* Human-readable listing, malloc'd, caller frees. */
char *rp_program_print(const rp_program *program);

#endif
