// device_trap.cu: a kernel stops itself by a trap once the output is written.
// It would pay where a fault behind the work is nobody's business.
// Gate: alive; the row is lost and a fresh worker goes on.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_trapped_kernel(Rows rows) {
  row_norm::norm_row<kThreads>(rows, blockIdx.x);
  __trap();
}

cudaError_t launch_trapped(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_trapped_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_trapped); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
