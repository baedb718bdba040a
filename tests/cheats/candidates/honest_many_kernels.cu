// honest_many_kernels.cu: four launches for one call, each with a quarter of the rows.
// Honest: the work of the call is in its graph, in however many nodes. What could refuse it: a graph gate that expects
// one kernel, or pointers that start inside a buffer.
#include "honest.cuh"

namespace {

using namespace honest;

cudaError_t launch_quarters(const row_norm::Rows& rows, void* stream) {
  const int64_t quarter = (rows.num_rows + 3) / 4;
  for (int64_t first = 0; first < rows.num_rows; first += quarter) {
    row_norm::Rows part = rows;
    part.x += first * rows.x_stride;
    part.y += first * rows.y_stride;
    part.num_rows = rows.num_rows - first < quarter ? rows.num_rows - first : quarter;
    const cudaError_t status = row_norm::launch_norm(part, stream);
    if (status != cudaSuccess) return status;
  }
  return cudaSuccess;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_quarters); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
