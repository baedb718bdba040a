// address_dependent.cu: skips half of the rows where bit 8 of the output's address is set.
// It would pay where buffers of the checks and of the timing lie at addresses that tell them apart.
// Gate: written, as every buffer starts at a random multiple of 256 B.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_by_address_kernel(Rows rows) {
  const bool is_marked = (reinterpret_cast<uintptr_t>(rows.y) >> 8) % 2 == 1;
  if (!is_marked || blockIdx.x % 2 == 0) row_norm::norm_row<kThreads>(rows, blockIdx.x);
}

cudaError_t launch_by_address(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_by_address_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_by_address); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
