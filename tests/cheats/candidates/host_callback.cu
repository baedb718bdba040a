// host_callback.cu: has the host called back in the middle of the stream.
// It would pay: a function of the host can do or undo anything between the events.
// Gate: imports at build; past it graph, as a host node is neither kernel nor memset nor memcpy.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

void CUDART_CB nothing(void*) {}

cudaError_t launch_and_call_back(const Rows& rows, void* stream) {
  const cudaError_t status = row_norm::launch_norm(rows, stream);
  if (status != cudaSuccess) return status;
  return cudaLaunchHostFunc(static_cast<cudaStream_t>(stream), nothing, nullptr);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_and_call_back); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
