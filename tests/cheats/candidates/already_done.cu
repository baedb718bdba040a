// already_done.cu: does nothing where the output no longer looks painted: two neighbours with different bits.
// It would pay in replays: the first does the work, the others find it done, and no state is kept but the output.
// Gate: redrawn, as fresh inputs at the same addresses need fresh outputs though nobody has painted the old ones.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_unless_done_kernel(Rows rows) {
  const float* const to = rows.y + blockIdx.x * rows.y_stride;
  const bool is_painted = rows.columns < 2 || __float_as_uint(to[0]) == __float_as_uint(to[1]);
  __syncthreads();
  if (is_painted) row_norm::norm_row<kThreads>(rows, blockIdx.x);
}

cudaError_t launch_unless_done(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_unless_done_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_unless_done); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
