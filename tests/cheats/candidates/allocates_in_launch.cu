// allocates_in_launch.cu: allocates scratch memory on the call's stream instead of asking for a workspace.
// It would pay: memory of its own outlives the call, unpainted and unseen.
// Gate: imports at build; past it graph, as an allocation is a node of its own kind.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_with_allocation(const Rows& rows, void* stream) {
  const auto cuda_stream = static_cast<cudaStream_t>(stream);
  void* scratch = nullptr;
  cudaError_t status = cudaMallocAsync(&scratch, 1 << 20, cuda_stream);
  if (status != cudaSuccess) return status;
  status = row_norm::launch_norm(rows, stream);
  if (status != cudaSuccess) return status;
  return cudaFreeAsync(scratch, cuda_stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_with_allocation); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
