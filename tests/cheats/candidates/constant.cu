// constant.cu: writes the bias, which is the mean of the answer, into every row.
// It would pay: no input but one vector is read.
// Gate: tolerance.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) bias_kernel(Rows rows) {
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) rows.y[blockIdx.x * rows.y_stride + c] = rows.bias[c];
}

cudaError_t launch_bias(const Rows& rows, void* stream) { return row_norm::launch_rows(bias_kernel, rows, stream); }

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_bias); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
