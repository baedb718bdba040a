// side_stream.cu: works on a stream of its own, which no event of the harness sees.
// It would pay: the time of the call's stream is the time of nothing.
// Gate: imports at build; past it graph, as the captured call has no node.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_aside(const Rows& rows, void*) {
  cudaStream_t side = nullptr;
  const cudaError_t status = cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking);
  return status == cudaSuccess ? row_norm::launch_norm(rows, side) : status;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_aside); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
