// tolerance_spending.cu: every element is off by half of the tolerance.
// It would pay: whoever may be wrong by this much can leave out what contributes less.
// Gate: error-budget, as the tolerance is no budget.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_biased_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  const row_norm::Moments moments = row_norm::moments_of<kThreads>(from, rows.columns, rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    to[c] = row_norm::norm_element(rows, moments, from[c], c) + 5e-3f;
  }
}

cudaError_t launch_biased(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_biased_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_biased); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
