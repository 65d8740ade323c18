/* What the program asks of an instruction set: one table of functions per kernels_*.c.
 *
 * Layout: with L lanes (1, 2, 4 or 8) a vector of n elements is [n][L] doubles. A scalar is a slot of 8 doubles
 * that holds the pattern of its L lanes 8 / L times, so that a vector kernel may read it as if it were a vector that
 * does not advance. All buffers begin at multiples of 8 doubles and are padded to multiples of 8: element kernels
 * work on whole groups of 8 doubles and so read and write the padding; reductions, gathers and scatters touch exactly
 * the elements.
 *
 * Everything here writes into buffers given by the caller and cannot fail. */
#ifndef RP_EXEC_KERNELS_H
#define RP_EXEC_KERNELS_H

#include <stddef.h>

#include "../core/linalg_small.h"
#include "../graph/graph.h"
#include "program.h"

/* Operations that exist only in programs: made of graph operations by fuse.c. Operand order as written. */
enum {
  RP_X_FMA = RP_OP_COUNT, /* a * b + c */
  RP_X_FNMA,              /* c - a * b */
  RP_X_FMS,               /* a * b - c */
  RP_X_NMUL,              /* -(a * b) */
  RP_X_DOT,               /* sum of a * b */
  RP_X_COPY,              /* a */
  RP_X_MATRIX_VECTOR,     /* X b, X a constant matrix */
  RP_X_MATRIX_TRANSPOSED, /* X' b */
  RP_X_LGAMMA_DIGAMMA,    /* two results */
  RP_X_SOFTPLUS_SIGMOID,  /* two results */
  RP_X_SPLAT,             /* repeats the lanes of a scalar through its slot; scalar code only */
  RP_X_GENERIC,           /* any elementwise operation, element by element; in tables of kernels only */
  RP_X_COUNT
};

/* A sum keeps RP_PARTIALS running sums per lane: element j goes to partial j % RP_PARTIALS, and a fixed tree adds
 * them up. The result does therefore not depend on the width of the registers nor on the number of lanes. */
#define RP_PARTIALS 16
/* Doubles in a block: a multiple of 8 * RP_PARTIALS. */
#define RP_BLOCK 256

typedef struct rp_instruction rp_instruction;
/* Works on count doubles beginning offset doubles after the beginning of the vectors. */
typedef void (*rp_kernel)(const rp_instruction *instruction, size_t offset, size_t count);
/* A kernel of scalar code, whose type depends on the width; see kernels_lane.h. */
typedef void (*rp_lane_kernel)(void);
#define RP_FORMS 4

/* The operand of a block at `offset` is x + (offset & x_mask): x_mask is all ones for a vector that lies whole in
 * memory, 0 for one of which only the current block exists and for scalars; x_step is 8 for vectors and 0 for
 * scalars. In scalar code, where offset is the step's and the lane's, x_mask is all ones for vectors and lanes - 1
 * for scalars. */
struct rp_instruction {
  rp_kernel run;           /* in loops */
  rp_lane_kernel run_lane; /* in scalar code */
  double *d, *d2;
  const double *a, *b, *c;
  size_t d_mask, d2_mask, a_mask, b_mask, c_mask;
  const int32_t *index;
  const double *matrix; /* one copy for all lanes */
  size_t rows, columns;
  int32_t a_step, b_step, c_step;
  int32_t op;
  int32_t lanes;
  int32_t sorted; /* the index never decreases */
};

/* state[t + 1] = A[t] state[t] + b[t], from the end when reverse; k states of n + 1 elements. A (column-major) and b:
 * one pointer per entry and the step in doubles from element to element (lanes, or 0 for scalars). */
typedef struct {
  int64_t n;
  int32_t k, reverse, lanes;
  int32_t zero_b; /* all of b is the constant 0 */
  const double **initial, **a, **b;
  size_t *a_step, *b_step;
  double *state;
} rp_affine;

typedef struct {
  const char *name;
  int32_t width; /* doubles in a register */
  /* Kernels of block loops; NULL where an operation has none: then rp_generic_kernel does it. */
  rp_kernel block[RP_X_COUNT];
  /* Tables below have an entry for 1, 2, 4 and 8 lanes. Kernels of scalar code by operation and form (which operand
   * is the result of the instruction before: 0 none, 1 a, 2 b, 3 c); NULL: not in this form. */
  const rp_lane_kernel (*lane[4])[RP_FORMS];
  /* Runs scalar code `steps` times; vectors advance by `lanes` doubles a step. before: what the first instruction
   * finds as the result of the one before; may be NULL when it does not want it. */
  void (*run_code[4])(const rp_instruction *code, int32_t n_code, int64_t steps, int32_t lanes, const double *before);
  rp_kernel matrix_vector[4], matrix_transposed[4];
  /* d[lanes] = total of RP_PARTIALS * lanes partial sums, which are destroyed. */
  void (*total)(double *d, double *partials, int32_t lanes);
  /* d[lanes] = the largest (smallest) of n doubles, lane by lane; NaN if there is one. */
  void (*largest)(double *d, const double *a, size_t n, int32_t lanes);
  void (*smallest)(double *d, const double *a, size_t n, int32_t lanes);
  void (*affine[4])(const rp_affine *scan);
  const rp_la_kernels *linalg;
} rp_kernels;

extern const rp_kernels rp_kernels_portable;
#if defined(__x86_64__) && defined(__GNUC__)
#define RP_HAVE_X86
extern const rp_kernels rp_kernels_sse2, rp_kernels_avx2, rp_kernels_avx512;
#endif
/* The table of an instruction set, NULL when this machine or build does not have it. */
const rp_kernels *rp_kernels_of(rp_isa isa);

/* Any elementwise operation, double by double with rp_elementwise(). */
void rp_generic_kernel(const rp_instruction *instruction, size_t offset, size_t count);

#endif
