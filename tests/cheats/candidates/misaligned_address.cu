// misaligned_address.cu: a kernel reads 16 B from an address that is no multiple of 16.
// It would pay where a fault ends the kernel early and nobody asks for the device's error.
// Gate: alive, on a GPU; processors of the host read such addresses.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void askew_kernel(const char* from, float4* to) {
  if (threadIdx.x == 0) *to = *reinterpret_cast<const float4*>(from + 1);
}

cudaError_t launch_askew(const Rows& rows, void* stream) {
  const auto* const from = reinterpret_cast<const char*>(rows.x);
  const cudaError_t status =
      kda::launch(askew_kernel, dim3(1), dim3(32), 0, stream, from, reinterpret_cast<float4*>(rows.y));
  return status == cudaSuccess ? row_norm::launch_norm(rows, stream) : status;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_askew); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
