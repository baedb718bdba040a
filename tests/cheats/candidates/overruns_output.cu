// overruns_output.cu: writes one element behind the end of each output row.
// It would pay: an overrun is what a tail without bounds checks does, and a place to keep state in.
// Gate: guards, which stand around every buffer and in the gaps between rows.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_overrunning_kernel(Rows rows) {
  row_norm::norm_row<kThreads>(rows, blockIdx.x);
  const bool is_last = blockIdx.x + 1 == rows.num_rows;
  if (is_last && threadIdx.x == 0) rows.y[blockIdx.x * rows.y_stride + rows.columns] = 1.0f;
}

cudaError_t launch_overrunning(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_overrunning_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_overrunning); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
