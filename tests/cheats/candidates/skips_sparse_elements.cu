// skips_sparse_elements.cu: leaves out one element in a thousand.
// It would pay where a gate wants only a share of all elements to match.
// Gate: written, as every element counts.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_sparse_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  const row_norm::Moments moments = row_norm::moments_of<kThreads>(from, rows.columns, rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    if ((static_cast<int64_t>(blockIdx.x) * rows.columns + c) % 1000 == 999) continue;
    to[c] = row_norm::norm_element(rows, moments, from[c], c);
  }
}

cudaError_t launch_sparse(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_sparse_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_sparse); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
