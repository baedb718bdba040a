// one_pass_variance.cu: takes the variance as the mean of squares less the square of the mean.
// It would pay: one pass over the row instead of two, and inputs around 0 show no difference.
// Gate: tolerance, by a grid with a large offset, where the difference of two large numbers is noise.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_one_pass_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  float sums[2] = {0.0f, 0.0f};
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    sums[0] += from[c];
    sums[1] += from[c] * from[c];
  }
  kda::block_reduce<kThreads>(sums, kda::Sum{});
  const float mean = sums[0] / static_cast<float>(rows.columns);
  const float difference = sums[1] / static_cast<float>(rows.columns) - mean * mean;
  const float variance = difference < 0.0f ? 0.0f : difference;
  const row_norm::Moments moments{0.0f, mean, 1.0f / sqrtf(variance + rows.eps)};
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) to[c] = row_norm::norm_element(rows, moments, from[c], c);
}

cudaError_t launch_one_pass(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_one_pass_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_one_pass); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
