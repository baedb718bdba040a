// honest_workspace.cu: statistics go through the workspace from one kernel to the next.
// Honest: what it reads there, the same call wrote before. What could refuse it: a gate that paints workspaces between
// the nodes of a call, or that counts the workspace as a foreign buffer.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Moments;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) moments_kernel(Rows rows, Moments* moments) {
  const float* const row = rows.x + blockIdx.x * rows.x_stride;
  const Moments found = row_norm::moments_of<kThreads>(row, rows.columns, rows.eps);
  if (threadIdx.x == 0) moments[blockIdx.x] = found;
}

__global__ void __launch_bounds__(kThreads) apply_kernel(Rows rows, const Moments* moments) {
  const Moments found = moments[blockIdx.x];
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) to[c] = row_norm::norm_element(rows, found, from[c], c);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  Rows rows;
  return row_norm::read(*call, &rows) ? sizeof(Moments) * static_cast<size_t>(rows.num_rows) : 0;
}

int32_t kda_launch(const KdaCall* call) {
  return row_norm::serve(*call, [&](const Rows& rows, void* stream) {
    auto* const moments = static_cast<Moments*>(call->workspace);
    const cudaError_t status = row_norm::launch_rows(moments_kernel, rows, stream, moments);
    return status == cudaSuccess ? row_norm::launch_rows(apply_kernel, rows, stream, moments) : status;
  });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
