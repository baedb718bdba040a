// honest_dependent_launch.cu: the second kernel of a call starts early and waits for the first (PDL).
// Honest: the programmatic edge lies between two kernels of one call, and the first starts when the call before it has
// ended. What could refuse it: a graph gate that refuses every programmatic edge instead of those across calls.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Moments;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) moments_kernel(Rows rows, Moments* moments) {
  const float* const row = rows.x + blockIdx.x * rows.x_stride;
  const Moments found = row_norm::moments_of<kThreads>(row, rows.columns, rows.eps);
  if (threadIdx.x == 0) moments[blockIdx.x] = found;
  cudaTriggerProgrammaticLaunchCompletion();
}

__global__ void __launch_bounds__(kThreads) apply_kernel(Rows rows, const Moments* moments) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  cudaGridDependencySynchronize();
  const Moments found = moments[blockIdx.x];
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) to[c] = row_norm::norm_element(rows, found, from[c], c);
}

cudaError_t launch_pair(const Rows& rows, Moments* moments, void* stream) {
  const cudaError_t status = row_norm::launch_rows(moments_kernel, rows, stream, moments);
  if (status != cudaSuccess) return status;
  kda::LaunchConfig config;
  config.grid = dim3(static_cast<unsigned>(rows.num_rows));
  config.block = dim3(kThreads);
  config.stream = stream;
  config.serialization = kda::StreamSerialization::kProgrammatic;
  return kda::launch(config, apply_kernel, rows, moments);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  Rows rows;
  return row_norm::read(*call, &rows) ? sizeof(Moments) * static_cast<size_t>(rows.num_rows) : 0;
}

int32_t kda_launch(const KdaCall* call) {
  return row_norm::serve(*call, [&](const Rows& rows, void* stream) {
    return launch_pair(rows, static_cast<Moments*>(call->workspace), stream);
  });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
