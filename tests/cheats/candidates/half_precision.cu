// half_precision.cu: reads its input through half precision.
// It would pay: 16-bit arithmetic is twice as fast, and the tolerance is wide enough.
// Gate: error-budget, as the error may be twice the baseline's and no more.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_half_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  const row_norm::Moments moments = row_norm::moments_of<kThreads>(from, rows.columns, rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    const __half centred = __float2half_rn(from[c] - moments.origin - moments.mean);
    to[c] = __half2float(centred) * moments.scale * rows.weight[c] + rows.bias[c];
  }
}

cudaError_t launch_half(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_half_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_half); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
