// honest_device_function.cu: a device function that is neither static nor inlined by force.
// Honest, and how most kernels are written. What could refuse it: an import list without `exit`, which stands in the
// body that nvcc gives such a function on the host, where nothing calls it.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__device__ float centred(const row_norm::Moments& moments, float value) {
  return value - moments.origin - moments.mean;
}

__global__ void __launch_bounds__(kThreads) norm_by_function_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  const row_norm::Moments moments = row_norm::moments_of<kThreads>(from, rows.columns, rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    to[c] = centred(moments, from[c]) * moments.scale * rows.weight[c] + rows.bias[c];
  }
}

cudaError_t launch_with_function(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_by_function_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_with_function); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
