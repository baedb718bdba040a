// zeros.cu: sets the output to 0 by a memset node.
// It would pay where results are so small that the absolute tolerance covers them.
// Gate: tolerance.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_zeros(const Rows& rows, void* stream) {
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    const cudaError_t status =
        cudaMemsetAsync(rows.y + row * rows.y_stride, 0, sizeof(float) * static_cast<size_t>(rows.columns),
                        static_cast<cudaStream_t>(stream));
    if (status != cudaSuccess) return status;
  }
  return cudaSuccess;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_zeros); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
