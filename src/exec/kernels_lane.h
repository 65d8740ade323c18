/* Kernels of scalar code: each works on the lanes of one element, VW of them at a time; a template over VW.
 *
 * A program without lanes runs them with VW = 1, one with four lanes with VW = 4, and so on. The expressions are those of the block
 * kernels (the two lists below), so a scalar and a vector element go through the same arithmetic. */

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

#define EACH_LANE for (size_t lane = 0; lane < count; lane += VW)
#define LANE_1(NAME, expression) \
  static void V(lane_##NAME)(const rp_instruction *instruction, size_t offset, size_t count) { \
    double *d = OPERAND(d); \
    const double *a = OPERAND(a); \
    EACH_LANE { \
      V(vd) x = V(load)(a + lane); \
      V(store)(d + lane, expression); \
    } \
  }
#define LANE_2(NAME, expression) \
  static void V(lane_##NAME)(const rp_instruction *instruction, size_t offset, size_t count) { \
    double *d = OPERAND(d); \
    const double *a = OPERAND(a), *b = OPERAND(b); \
    EACH_LANE { \
      V(vd) x = V(load)(a + lane), y = V(load)(b + lane); \
      V(store)(d + lane, expression); \
    } \
  }
#define LANE_3(NAME, expression) \
  static void V(lane_##NAME)(const rp_instruction *instruction, size_t offset, size_t count) { \
    double *d = OPERAND(d); \
    const double *a = OPERAND(a), *b = OPERAND(b), *c = OPERAND(c); \
    EACH_LANE { \
      V(vd) x = V(load)(a + lane), y = V(load)(b + lane), z = V(load)(c + lane); \
      V(store)(d + lane, expression); \
    } \
  }
LIGHT_1(LANE_1)
HEAVY_1(LANE_1)
LIGHT_2(LANE_2)
HEAVY_2(LANE_2)
LIGHT_3(LANE_3)
LIGHT_X(LANE_3)
LIGHT_X2(LANE_2)
LANE_1(COPY, x)

static void V(lane_SPLAT)(const rp_instruction *instruction, size_t offset, size_t count) {
  (void) offset;
  for (size_t lane = count; lane < 8; lane += VW) V(store)(instruction->d + lane, V(load)(instruction->a + (lane & (count - 1))));
}
static void V(lane_LGAMMA_DIGAMMA)(const rp_instruction *instruction, size_t offset, size_t count) {
  const double *a = OPERAND(a);
  double *d = OPERAND(d), *d2 = OPERAND(d2);
  EACH_LANE {
    V(vd) l, g;
    V(lgamma_digamma)(V(load)(a + lane), &l, &g);
    V(store)(d + lane, l);
    V(store)(d2 + lane, g);
  }
}
static void V(lane_SOFTPLUS_SIGMOID)(const rp_instruction *instruction, size_t offset, size_t count) {
  const double *a = OPERAND(a);
  double *d = OPERAND(d), *d2 = OPERAND(d2);
  EACH_LANE {
    V(vd) l, g;
    V(softplus_sigmoid)(V(load)(a + lane), &l, &g);
    V(store)(d + lane, l);
    V(store)(d2 + lane, g);
  }
}

#define LANE_ENTRY(NAME, expression) [RP_OP_##NAME] = V(lane_##NAME),
#define LANE_ENTRY_X(NAME, expression) [RP_X_##NAME] = V(lane_##NAME),
static const rp_kernel V(lane_kernels)[RP_X_COUNT] = {
  LIGHT_1(LANE_ENTRY) HEAVY_1(LANE_ENTRY) LIGHT_2(LANE_ENTRY) HEAVY_2(LANE_ENTRY) LIGHT_3(LANE_ENTRY) LIGHT_X(LANE_ENTRY_X)
  LIGHT_X2(LANE_ENTRY_X)  LANE_ENTRY_X(COPY, x) LANE_ENTRY_X(SPLAT, x) LANE_ENTRY_X(LGAMMA_DIGAMMA, x) LANE_ENTRY_X(SOFTPLUS_SIGMOID, x)
};

#undef EACH_LANE
#undef LANE_1
#undef LANE_2
#undef LANE_3
#undef LANE_ENTRY
#undef LANE_ENTRY_X
