// replay_counter.cu: a device global counts replays; after some, every second row is left out.
// It would pay: the graph is the same in gates and timing, and the host sees nothing of the count.
// Gate: static-state at build; past it timed-outputs, as the outputs of the last timed replays are checked.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr unsigned kNumProperReplays = 48;
__device__ unsigned num_replays;

__global__ void __launch_bounds__(kThreads) norm_counted_kernel(Rows rows) {
  const unsigned count = *static_cast<volatile unsigned*>(&num_replays);
  if (count < kNumProperReplays || blockIdx.x % 2 == 0) row_norm::norm_row<kThreads>(rows, blockIdx.x);
  if (blockIdx.x == 0 && threadIdx.x == 0) num_replays = count + 1;
}

cudaError_t launch_counted(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_counted_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_counted); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
