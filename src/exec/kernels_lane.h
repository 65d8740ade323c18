/* Scalar code: kernels that each work on VW lanes of one element, and the loop that runs them; a template over VW.
 *
 * A program without lanes runs them with VW = 1, one with four lanes with VW = 4, and so on. A result goes to
 * memory and also, in a register, to the next kernel, which takes it as one of its operands when it can (form 1, 2,
 * 3: as a, b, c; form 0: all from memory): the way through memory would take longer than the arithmetic. The
 * expressions are those of the block kernels (the lists below), so a scalar and a vector element go through the same
 * arithmetic. */

#ifndef RP_EXEC_KERNELS_LANE_ONCE
#define RP_EXEC_KERNELS_LANE_ONCE

/* Cheap operations first: block kernels unroll those. */
#define LIGHT_1(DO) \
  DO(NEG, -x) DO(ABS, V(abs)(x)) DO(SQUARE, x * x) DO(RECIP, 1.0 / x) DO(SIGN, V(sign)(x)) DO(SQRT, V(sqrt)(x)) \
  DO(IS_NAN, V(flag)(V(ne)(x, x))) DO(NOT, V(compared)(V(eq)(x, V(splat)(0.0)), x, x))
#define HEAVY_1(DO) \
  DO(EXP, V(exp)(x)) DO(LOG, V(log)(x)) DO(LOG1P, V(log1p)(x)) DO(EXPM1, V(expm1)(x)) DO(TANH, V(tanh)(x)) \
  DO(SIGMOID, V(sigmoid)(x)) DO(LOG1P_EXP, V(log1p_exp)(x)) DO(LOG1M_EXP, V(log1m_exp)(x)) DO(LGAMMA, V(lgamma)(x)) \
  DO(DIGAMMA, V(digamma)(x))
#define LIGHT_2(DO) \
  DO(ADD, x + y) DO(SUB, x - y) DO(MUL, x * y) DO(DIV, x / y) DO(MAX, V(max)(x, y)) DO(MIN, V(min)(x, y)) \
  DO(LT, V(compared)(V(lt)(x, y), x, y)) DO(LE, V(compared)(V(le)(x, y), x, y)) \
  DO(EQ, V(compared)(V(eq)(x, y), x, y)) DO(NE, V(compared)(V(ne)(x, y), x, y))
#define HEAVY_2(DO) DO(LOG_ADD_EXP, V(log_add_exp)(x, y))
#define LIGHT_3(DO) DO(SELECT, V(select)(x, y, z))
/* made by fuse.c */
#define LIGHT_X2(DO) DO(NMUL, -(x * y))
#define LIGHT_X(DO) DO(FMA, V(fma)(x, y, z)) DO(FNMA, V(fnma)(x, y, z)) DO(FMS, V(fms)(x, y, z))

#define OPERAND(name) (instruction->name + (offset & instruction->name##_mask))
#endif

typedef V(vd) (*V(lane_kernel))(const rp_instruction *instruction, size_t offset, V(vd) before);

#define LANE_KERNEL(NAME, FORM) \
  static V(vd) V(lane_##NAME##_##FORM)(const rp_instruction *instruction, size_t offset, V(vd) before)
#define LANE_RESULT(expression) \
  (void) before; \
  const V(vd) result = (expression); \
  V(store)(OPERAND(d), result); \
  return result;
#define LANE_1_FORM(NAME, expression, FORM, A) \
  LANE_KERNEL(NAME, FORM) { \
    const V(vd) x = A; \
    LANE_RESULT(expression) \
  }
#define LANE_2_FORM(NAME, expression, FORM, A, B) \
  LANE_KERNEL(NAME, FORM) { \
    const V(vd) x = A, y = B; \
    LANE_RESULT(expression) \
  }
#define LANE_3_FORM(NAME, expression, FORM, A, B, C) \
  LANE_KERNEL(NAME, FORM) { \
    const V(vd) x = A, y = B, z = C; \
    LANE_RESULT(expression) \
  }
#define FROM_MEMORY(name) V(load)(OPERAND(name))
#define HEAVY_LANE_1(NAME, expression) LANE_1_FORM(NAME, expression, 0, FROM_MEMORY(a))
#define LIGHT_LANE_1(NAME, expression) \
  LANE_1_FORM(NAME, expression, 0, FROM_MEMORY(a)) \
  LANE_1_FORM(NAME, expression, 1, before)
#define HEAVY_LANE_2(NAME, expression) LANE_2_FORM(NAME, expression, 0, FROM_MEMORY(a), FROM_MEMORY(b))
#define LIGHT_LANE_2(NAME, expression) \
  LANE_2_FORM(NAME, expression, 0, FROM_MEMORY(a), FROM_MEMORY(b)) \
  LANE_2_FORM(NAME, expression, 1, before, FROM_MEMORY(b)) \
  LANE_2_FORM(NAME, expression, 2, FROM_MEMORY(a), before)
#define LIGHT_LANE_3(NAME, expression) \
  LANE_3_FORM(NAME, expression, 0, FROM_MEMORY(a), FROM_MEMORY(b), FROM_MEMORY(c)) \
  LANE_3_FORM(NAME, expression, 1, before, FROM_MEMORY(b), FROM_MEMORY(c)) \
  LANE_3_FORM(NAME, expression, 2, FROM_MEMORY(a), before, FROM_MEMORY(c)) \
  LANE_3_FORM(NAME, expression, 3, FROM_MEMORY(a), FROM_MEMORY(b), before)
LIGHT_1(LIGHT_LANE_1)
HEAVY_1(HEAVY_LANE_1)
LIGHT_2(LIGHT_LANE_2)
HEAVY_2(HEAVY_LANE_2)
LIGHT_3(LIGHT_LANE_3)
LIGHT_X(LIGHT_LANE_3)
LIGHT_X2(LIGHT_LANE_2)
LIGHT_LANE_1(COPY, x)

/* Repeats the lanes of a scalar through its slot, for vector kernels that read it. */
LANE_KERNEL(SPLAT, 0) {
  (void) offset;
  const size_t lanes = (size_t) instruction->lanes;
  for (size_t lane = lanes; lane < 8; lane += VW)
    V(store)(instruction->d + lane, V(load)(instruction->a + (lane & (lanes - 1))));
  return before;
}

LANE_KERNEL(LGAMMA_DIGAMMA, 0) {
  V(vd) first, second;
  V(lgamma_digamma)(FROM_MEMORY(a), &first, &second);
  V(store)(OPERAND(d2), second);
  LANE_RESULT(first)
}
LANE_KERNEL(SOFTPLUS_SIGMOID, 0) {
  V(vd) first, second;
  V(softplus_sigmoid)(FROM_MEMORY(a), &first, &second);
  V(store)(OPERAND(d2), second);
  LANE_RESULT(first)
}

/* Any other operation. */
LANE_KERNEL(GENERIC, 0) {
  rp_generic_kernel(instruction, offset, VW);
  LANE_RESULT(V(load)(OPERAND(d)))
}

#define FORM(NAME, form) (rp_lane_kernel) V(lane_##NAME##_##form)
#define FORMS_1(NAME) { FORM(NAME, 0), FORM(NAME, 1), NULL, NULL }
#define FORMS_2(NAME) { FORM(NAME, 0), FORM(NAME, 1), FORM(NAME, 2), NULL }
#define FORMS_3(NAME) { FORM(NAME, 0), FORM(NAME, 1), FORM(NAME, 2), FORM(NAME, 3) }
#define HEAVY_LANE_ENTRY(NAME, expression) [RP_OP_##NAME] = { FORM(NAME, 0), NULL, NULL, NULL },
#define LANE_ENTRY_1(NAME, expression) [RP_OP_##NAME] = FORMS_1(NAME),
#define LANE_ENTRY_2(NAME, expression) [RP_OP_##NAME] = FORMS_2(NAME),
#define LANE_ENTRY_3(NAME, expression) [RP_OP_##NAME] = FORMS_3(NAME),
#define LANE_ENTRY_X(NAME, expression) [RP_X_##NAME] = FORMS_3(NAME),
#define LANE_ENTRY_X2(NAME, expression) [RP_X_##NAME] = FORMS_2(NAME),
static const rp_lane_kernel V(lane_kernels)[RP_X_COUNT][RP_FORMS] = {
  LIGHT_1(LANE_ENTRY_1) HEAVY_1(HEAVY_LANE_ENTRY) LIGHT_2(LANE_ENTRY_2) HEAVY_2(HEAVY_LANE_ENTRY) LIGHT_3(LANE_ENTRY_3)
  LIGHT_X(LANE_ENTRY_X) LIGHT_X2(LANE_ENTRY_X2)
  [RP_X_COPY] = FORMS_1(COPY), [RP_X_SPLAT] = { FORM(SPLAT, 0) }, [RP_X_LGAMMA_DIGAMMA] = { FORM(LGAMMA_DIGAMMA, 0) },
  [RP_X_SOFTPLUS_SIGMOID] = { FORM(SOFTPLUS_SIGMOID, 0) }, [RP_X_GENERIC] = { FORM(GENERIC, 0) }
};

static void V(run_code)(const rp_instruction *code, int32_t n_code, int64_t steps, int32_t lanes,
                        const double *before) {
  const size_t end = (size_t) steps * (size_t) lanes;
  for (size_t lane = 0; lane < (size_t) lanes; lane += VW) {
    V(vd) result = before ? V(load)(before + lane) : V(splat)(0.0);
    for (size_t offset = lane; offset < end; offset += (size_t) lanes) {
      for (int32_t k = 0; k < n_code; k++) result = ((V(lane_kernel)) code[k].run_lane)(&code[k], offset, result);
    }
  }
}

#undef LANE_KERNEL
#undef LANE_RESULT
#undef LANE_1_FORM
#undef LANE_2_FORM
#undef LANE_3_FORM
#undef FROM_MEMORY
#undef HEAVY_LANE_1
#undef LIGHT_LANE_1
#undef HEAVY_LANE_2
#undef LIGHT_LANE_2
#undef LIGHT_LANE_3
#undef FORM
#undef FORMS_1
#undef FORMS_2
#undef FORMS_3
#undef HEAVY_LANE_ENTRY
#undef LANE_ENTRY_1
#undef LANE_ENTRY_2
#undef LANE_ENTRY_3
#undef LANE_ENTRY_X
#undef LANE_ENTRY_X2
