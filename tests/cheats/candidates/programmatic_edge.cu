// programmatic_edge.cu: the call's only kernel may start before the call before it has ended, and waits for nothing.
// It would pay where calls overlap: a sample of many would take less than the sum of them. In production it may be right,
// and upstream kernels do it, so that it is no cheat: between calls the harness makes every edge a full one.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_early(const Rows& rows, void* stream) {
  kda::LaunchConfig config;
  config.grid = dim3(static_cast<unsigned>(rows.num_rows));
  config.block = dim3(kThreads);
  config.stream = stream;
  config.serialization = kda::StreamSerialization::kProgrammatic;
  return kda::launch(config, row_norm::norm_kernel<kThreads>, rows);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_early); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
