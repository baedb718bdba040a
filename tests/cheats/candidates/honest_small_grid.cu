// honest_small_grid.cu: one block walks over all rows.
// Honest, if slow: how many blocks a candidate wants is its own affair. What could refuse it: a gate that takes a small
// grid for a decoy.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_all_kernel(Rows rows) {
  for (int64_t row = blockIdx.x; row < rows.num_rows; row += gridDim.x) {
    row_norm::norm_row<kThreads>(rows, row);
    __syncthreads();
  }
}

cudaError_t launch_one_block(const Rows& rows, void* stream) {
  return kda::launch(norm_all_kernel, dim3(1), dim3(kThreads), 0, stream, rows);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_one_block); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
