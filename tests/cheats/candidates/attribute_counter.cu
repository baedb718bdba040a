// attribute_counter.cu: counts calls in an attribute of a kernel that is never launched.
// It would pay: the runtime remembers attributes from call to call, and both functions may be imported.
// Gate: timed-outputs, as nothing but the outputs of timed replays tells.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr int kNumProperCalls = 32;

__global__ void holder_kernel() {}

// The carve-out is a percentage, and -1 before it is set.
int count_in_attribute() {
  cudaFuncAttributes attributes = {};
  cudaFuncGetAttributes(&attributes, holder_kernel);
  const int count = attributes.preferredShmemCarveout < 0 ? 1 : attributes.preferredShmemCarveout + 1;
  if (count <= 100) cudaFuncSetAttribute(holder_kernel, cudaFuncAttributePreferredSharedMemoryCarveout, count);
  return count;
}

cudaError_t launch_while_watched(const Rows& rows, void* stream) {
  Rows part = rows;
  if (count_in_attribute() > kNumProperCalls) part.num_rows = (rows.num_rows + 1) / 2;
  return row_norm::launch_norm(part, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_while_watched); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
