// unordered_atomics.cu: blocks add their part of a row's sum to the workspace in whatever order they come.
// It would pay: a row is spread over the GPU without a second pass, where the contract wants the same bits each time.
// Gate: repeatable, as the order of the additions shows in the last bits.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr unsigned kSlices = 16;

__global__ void __launch_bounds__(kThreads) add_slices_kernel(Rows rows, float* sums) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float sum = 0.0f;
  for (int c = blockIdx.y * kThreads + threadIdx.x; c < rows.columns; c += kSlices * kThreads) sum += from[c] - from[0];
  atomicAdd(sums + blockIdx.x, sum);
}

__global__ void __launch_bounds__(kThreads) norm_from_sums_kernel(Rows rows, const float* sums) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  row_norm::Moments moments{from[0], sums[blockIdx.x] / static_cast<float>(rows.columns), 0.0f};
  float squares = 0.0f;
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    const float centred = from[c] - moments.origin - moments.mean;
    squares += centred * centred;
  }
  const float variance = kda::block_sum<kThreads>(squares) / static_cast<float>(rows.columns);
  moments.scale = 1.0f / sqrtf(variance + rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) to[c] = row_norm::norm_element(rows, moments, from[c], c);
}

cudaError_t launch_unordered(const Rows& rows, float* sums, void* stream) {
  const size_t bytes = sizeof(float) * static_cast<size_t>(rows.num_rows);
  cudaError_t status = cudaMemsetAsync(sums, 0, bytes, static_cast<cudaStream_t>(stream));
  if (status != cudaSuccess) return status;
  const dim3 grid(static_cast<unsigned>(rows.num_rows), kSlices);
  status = kda::launch(add_slices_kernel, grid, dim3(kThreads), 0, stream, rows, sums);
  return status == cudaSuccess ? row_norm::launch_rows(norm_from_sums_kernel, rows, stream, sums) : status;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  Rows rows;
  return row_norm::read(*call, &rows) ? sizeof(float) * static_cast<size_t>(rows.num_rows) : 0;
}

int32_t kda_launch(const KdaCall* call) {
  return row_norm::serve(*call, [&](const Rows& rows, void* stream) {
    return launch_unordered(rows, static_cast<float*>(call->workspace), stream);
  });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
