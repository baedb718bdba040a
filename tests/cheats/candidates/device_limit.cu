// device_limit.cu: sets a third of the L2 aside for persisting accesses, in the process that times both sides.
// It would pay: the other side has less of a cache.
// Gate: imports at build; past it device-state, as limits are read before and after each side.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_after_limit(const Rows& rows, void* stream) {
  cudaDeviceSetLimit(cudaLimitPersistingL2CacheSize, 16 * 1024 * 1024);
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_after_limit); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
