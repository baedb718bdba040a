// call_counter.cu: does its work for a number of calls, and half of it from then on.
// It would pay: checks come first, and take fewer calls than the timing.
// Gate: static-state at build; past it timed-outputs, as outputs of timed replays are checked too.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr int kNumProperCalls = 32;
int num_calls = 0;

cudaError_t launch_while_watched(const Rows& rows, void* stream) {
  Rows part = rows;
  if (++num_calls > kNumProperCalls) part.num_rows = (rows.num_rows + 1) / 2;
  return row_norm::launch_norm(part, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_while_watched); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
