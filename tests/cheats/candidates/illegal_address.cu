// illegal_address.cu: a kernel writes where there is no memory.
// It would pay where an error of the device shows in a later call, of the other side.
// Gate: alive; the row is lost and a fresh worker goes on.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void wild_kernel(float* nowhere) { nowhere[threadIdx.x] = 1.0f; }

cudaError_t launch_wild(const Rows& rows, void* stream) {
  const cudaError_t status = row_norm::launch_norm(rows, stream);
  if (status != cudaSuccess) return status;
  return kda::launch(wild_kernel, dim3(1), dim3(32), 0, stream, reinterpret_cast<float*>(uintptr_t{64}));
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_wild); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
