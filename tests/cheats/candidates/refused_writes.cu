// refused_writes.cu: refuses a call as it must, but launches a kernel that writes its output before it says so.
// It would pay where a refusal counts as fast, and leaves work for a later call behind.
// Gate: refused.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void write_kernel(float* y) { y[threadIdx.x] = 0.0f; }

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  Rows rows;
  if (!row_norm::read(*call, &rows)) {
    kda::launch(write_kernel, dim3(1), dim3(32), 0, call->stream, kda::elements<float>(*call->tensors[3]));
    return KDA_INVALID_ARGUMENT;
  }
  return row_norm::serve(*call, row_norm::launch_norm);
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
