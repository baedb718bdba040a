// fast_math.cu: divides and takes the root by approximate instructions, which the baseline does not use.
// It would pay: one instruction instead of a dozen, and an error that no tolerance sees.
// Gate: math-parity, as both sides must compute by the same kind of instructions.
#include "honest.cuh"
#include "kda/approximate.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_fast_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  const float count = static_cast<float>(rows.columns);
  row_norm::Moments moments{from[0], 0.0f, 0.0f};
  float sum = 0.0f;
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) sum += from[c] - moments.origin;
  moments.mean = __fdividef(kda::block_sum<kThreads, 0>(sum), count);
  float squares = 0.0f;
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    const float centred = from[c] - moments.origin - moments.mean;
    squares += centred * centred;
  }
  const float variance = __fdividef(kda::block_sum<kThreads, 1>(squares), count);
  moments.scale = kda::rsqrt_approx(variance + rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) to[c] = row_norm::norm_element(rows, moments, from[c], c);
}

cudaError_t launch_fast(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_fast_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_fast); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
