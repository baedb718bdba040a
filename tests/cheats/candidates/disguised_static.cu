// disguised_static.cu: counts calls in a static that is named like those of the compiler's own launch stubs.
// It would pay where statics are told apart by their names.
// Gate: static-state at build; past it timed-outputs, as outputs of timed replays are checked.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr int kNumProperCalls = 32;

int& __device_stub__count() {
  static int __handle = 0;
  return __handle;
}

cudaError_t launch_while_watched(const Rows& rows, void* stream) {
  Rows part = rows;
  if (++__device_stub__count() > kNumProperCalls) part.num_rows = (rows.num_rows + 1) / 2;
  return row_norm::launch_norm(part, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_while_watched); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
