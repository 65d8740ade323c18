#include "evaluate.h"

#include <math.h>
#include <string.h>

#include "../core/linalg_small.h"

int64_t rp_evaluate_linalg_workspace(const rp_node *node) {
  const int64_t *size = node->attribute;
  switch (node->op) {
    case RP_OP_CHOLESKY_ADJOINT: return rp_la_cholesky_adjoint_workspace(size[0]);
    case RP_OP_SOLVE: return rp_la_solve_workspace(size[0]);
    case RP_OP_LOG_ABS_DET:
    case RP_OP_DET: return rp_la_log_abs_det_workspace(size[0]);
    case RP_OP_EIGEN_SYMMETRIC: return rp_la_eigen_symmetric_workspace(size[0]);
    case RP_OP_SVD: return rp_la_svd_workspace(size[0], size[1]);
    default: return 0;
  }
}

static void copy(const double *from, double *to, int64_t n) {
  if (n > 0) memcpy(to, from, (size_t) n * sizeof *to);
}

void rp_evaluate_linalg(const rp_node *node, const double *const *in, double *out, double *workspace,
                        const rp_la_kernels *la) {
  const int64_t *size = node->attribute;
  switch (node->op) {
    case RP_OP_MATMUL:
      la->matmul(in[0], in[1], size[0], size[1], size[2], size[3] != 0, size[4] != 0, out);
      break;
    case RP_OP_CHOLESKY: la->cholesky(in[0], size[0], out); break;
    case RP_OP_CHOLESKY_ADJOINT: la->cholesky_adjoint(in[0], in[1], size[0], out, workspace); break;
    case RP_OP_TRI_SOLVE:
      copy(in[1], out, node->n);
      la->tri_solve(in[0], size[0], size[2] != 0, size[3] != 0, out, size[1]);
      break;
    case RP_OP_SOLVE:
      copy(in[1], out, node->n);
      rp_la_solve(in[0], size[0], size[2] != 0, out, size[1], workspace);
      break;
    case RP_OP_LOG_ABS_DET: out[0] = rp_la_log_abs_det(in[0], size[0], workspace); break;
    case RP_OP_DET: out[0] = rp_la_det(in[0], size[0], workspace); break;
    case RP_OP_EIGEN_SYMMETRIC: rp_la_eigen_symmetric(in[0], size[0], out, out + size[0], workspace); break;
    case RP_OP_SVD: {
      int64_t k = size[0] < size[1] ? size[0] : size[1];
      rp_la_svd(in[0], size[0], size[1], out, out + k, out + k + size[0] * k, workspace);
      break;
    }
    default:
      for (int64_t i = 0; i < node->n; i++) out[i] = NAN;
  }
}
