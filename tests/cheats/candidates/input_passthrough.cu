// input_passthrough.cu: copies the input to the output.
// It would pay where inputs are normalised already, so that the answer is close to the input.
// Gate: tolerance.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) copy_kernel(Rows rows) {
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    rows.y[blockIdx.x * rows.y_stride + c] = rows.x[blockIdx.x * rows.x_stride + c];
  }
}

cudaError_t launch_copy(const Rows& rows, void* stream) { return row_norm::launch_rows(copy_kernel, rows, stream); }

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_copy); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
