// swallowed_failure.cu: asks for more shared memory than a block may have, and keeps the error to itself.
// It would pay: a launch that fails costs nothing and counts as a call.
// Gate: graph, as the captured call has no node.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr size_t kTooManyBytes = 228 * 1024 + 256;

cudaError_t launch_too_large(const Rows& rows, void* stream) {
  kda::launch(row_norm::norm_kernel<kThreads>, dim3(static_cast<unsigned>(rows.num_rows)), dim3(kThreads),
              kTooManyBytes, stream, rows);
  cudaGetLastError();
  return cudaSuccess;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_too_large); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
