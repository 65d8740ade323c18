/* Guides of R as blocks of the engine. */
#ifndef RP_FFI_GUIDE_H
#define RP_FFI_GUIDE_H

#include "../infer/guide.h"
#include "ffi_model.h"

/* A guide's spec and the two models that are made of it. */
typedef struct {
  rp_spec *spec;
  rp_model *draws, *density;
} ffi_guide_made;

typedef struct {
  rp_guide_block *blocks;
  int32_t n_blocks;
  uint8_t *laplace; /* per block: 1 when a normal's covariance is the curvature at the mode */
  int64_t *index; /* one place per coordinate, cut up among the blocks */
  rp_pool *pool;  /* structures of blocks */
  ffi_guide_made *made; /* per block: of a guide that is a model; NULLs for others */
  struct ffi_guide_functions *functions; /* of structured guides; NULL: none */
  const char *const **groups; /* per block: names of the groups of a structured guide; NULL for others */
} ffi_guide;

/* Blocks that cover every coordinate once: by the names of sites, then what is left, learnable parameters as points.
 * RP_BAD_ARGUMENT: a guide of unknown kind, a site that no part covers. ffi_guide_clear() in every case. */
rp_code ffi_guide_read(ffi_guide *out, const ffi_model *m, SEXP guide, rp_status *status);
void ffi_guide_clear(ffi_guide *guide);
/* Kind and settings of one part of a guide; all of the block but its coordinates. */
rp_code ffi_guide_block(SEXP part, rp_guide_block *block, rp_status *status);
/* The blocks as lists with kind, index (one-based coordinates) and settings: with the parameters, all that there is to
 * know of a trained guide. */
SEXP ffi_guide_blocks(const ffi_guide *guide);

/* A guide that is a model: list(kind = "model", spec). The spec is run twice, for draws and for the density, and its
 * sites are matched with the block's coordinates, which must be values (control$natural). RP_BAD_ARGUMENT: sites that
 * only one of the two has, or of another size, or observed in the guide; RP_UNSUPPORTED: draws without derivatives. */
rp_code ffi_guide_model(ffi_guide *out, const ffi_model *m, SEXP part, rp_guide_block *block, rp_status *status);

/* ---- guide_structured() (ffi_guide_structure.c) ---- */
/* The block's sites as groups, in the order in which they depend on each other (index is put in that order): by default
 * the model's dependencies. names: of the groups. Memory comes from the pool. RP_BAD_ARGUMENT: unknown conditionals or
 * sites, dependencies in a circle. */
rp_code ffi_guide_structure(const ffi_model *m, SEXP part, rp_guide_block *block, int64_t *index, rp_pool *pool,
                            const char *const **names, rp_status *status);
/* The functions of a structured guide, part$functions: a list of list(down, up, spec), spec being that of a model that
 * draws the function's argument as its only site and records its result; up is "" for a conditional. Adds them to the
 * block's structure, whose groups have these names, and to *list, which owns what they are made of; free it with
 * ffi_guide_functions_free(). RP_BAD_ARGUMENT: a function of random numbers, a result of another size. */
rp_code ffi_guide_functions_read(struct ffi_guide_functions **list, SEXP part, rp_guide_block *block,
                                 const char *const *names, rp_pool *pool, rp_status *status);
void ffi_guide_functions_free(struct ffi_guide_functions *list);
/* The structure as a list with groups, sizes, conditionals, down, up (one-based), and back. Functions are not in it,
 * but a mark of them, which RP_UNSUPPORTED answers. */
SEXP ffi_structure_list(const rp_guide_structure *structure, const char *const *names);
rp_code ffi_structure_read(SEXP list, int64_t n, const rp_guide_structure **structure, const char *const **names,
                           rp_pool *pool, rp_status *status);
/* Whether a layout site is called so, by its own name or the user's. */
int ffi_site_is(const rp_model *model, const rp_layout_site *place, const char *name);

#endif
