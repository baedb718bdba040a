// skips_last_element.cu: leaves out the very last element of the output.
// It would pay: a tail that nobody looks at needs no code of its own.
// Gate: written.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_most_kernel(Rows rows) {
  const bool is_last = blockIdx.x + 1 == rows.num_rows;
  Rows most = rows;
  const row_norm::Moments moments =
      row_norm::moments_of<kThreads>(rows.x + blockIdx.x * rows.x_stride, rows.columns, rows.eps);
  if (is_last) most.columns -= 1;
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  for (int c = threadIdx.x; c < most.columns; c += kThreads) to[c] = row_norm::norm_element(rows, moments, from[c], c);
}

cudaError_t launch_most(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_most_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_most); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
