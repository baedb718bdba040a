// foreign_pointer.cu: keeps the buffers of the call before and copies its answer where a row starts alike.
// It would pay: the answer of another call, or of the other side, is there to be had.
// Gate: static-state at build; past it graph, as a pointer lies outside the call's own buffers, or tolerance, where
// the buffers of the call before overlap them.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

Rows kept;
bool has_kept = false;

__global__ void __launch_bounds__(kThreads) norm_or_copy_kernel(Rows rows, const float* x, const float* y) {
  const int64_t from = blockIdx.x * rows.x_stride, to = blockIdx.x * rows.y_stride;
  if (x == rows.x || x[from] != rows.x[from]) {
    row_norm::norm_row<kThreads>(rows, blockIdx.x);
    return;
  }
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) rows.y[to + c] = y[to + c];
}

cudaError_t launch_with_kept(const Rows& rows, void* stream) {
  const bool is_alike = has_kept && kept.num_rows == rows.num_rows && kept.columns == rows.columns &&
                        kept.x_stride == rows.x_stride && kept.y_stride == rows.y_stride;
  const Rows other = is_alike ? kept : rows;
  kept = rows;
  has_kept = true;
  return row_norm::launch_rows(norm_or_copy_kernel, rows, stream, other.x, static_cast<const float*>(other.y));
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_with_kept); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
