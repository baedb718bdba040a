// missing_barrier.cu: warps meet in shared memory without waiting for each other.
// It would pay: a barrier costs a few percent of a short row, and mostly the warps are there in time.
// Gate: tolerance, as some of many rows meet what the block before has left.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__device__ __forceinline__ float racy_sum(float value) {
  __shared__ float partials[kThreads / 32];
  value = kda::warp_sum(value);
  if (threadIdx.x % 32 == 0) partials[threadIdx.x / 32] = value;
  float total = 0.0f;
  for (int warp = 0; warp < kThreads / 32; ++warp) total += partials[warp];
  return total;
}

__global__ void __launch_bounds__(kThreads) norm_racy_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  row_norm::Moments moments{from[0], 0.0f, 0.0f};
  float sum = 0.0f;
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) sum += from[c] - moments.origin;
  moments.mean = racy_sum(sum) / static_cast<float>(rows.columns);
  float squares = 0.0f;
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    const float centred = from[c] - moments.origin - moments.mean;
    squares += centred * centred;
  }
  moments.scale = 1.0f / sqrtf(racy_sum(squares) / static_cast<float>(rows.columns) + rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) to[c] = row_norm::norm_element(rows, moments, from[c], c);
}

cudaError_t launch_racy(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_racy_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_racy); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
