// default_stream_decoy.cu: works on the legacy default stream, and leaves an empty kernel in the graph.
// It would pay as default_stream does, and the graph has a node to show.
// Gate: written, as outputs are painted between capture and replay.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void decoy_kernel(Rows) {}

cudaError_t launch_both(const Rows& rows, void* stream) {
  const cudaError_t status = row_norm::launch_norm(rows, nullptr);
  return status == cudaSuccess ? row_norm::launch_rows(decoy_kernel, rows, stream) : status;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_both); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
