// managed_variable.cu: counts replays in memory that host and device share, and skips rows once there were some.
// It would pay: the host learns when its graphs are replayed, and nothing is asked of the runtime.
// Gate: static-state.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr unsigned kNumProperReplays = 48;
__managed__ unsigned num_replays;

__global__ void __launch_bounds__(kThreads) norm_counted_kernel(Rows rows) {
  row_norm::norm_row<kThreads>(rows, blockIdx.x);
  if (blockIdx.x == 0 && threadIdx.x == 0) num_replays += 1;
}

cudaError_t launch_while_watched(const Rows& rows, void* stream) {
  Rows part = rows;
  if (num_replays > kNumProperReplays) part.num_rows = (rows.num_rows + 1) / 2;
  return row_norm::launch_rows(norm_counted_kernel, part, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_while_watched); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
