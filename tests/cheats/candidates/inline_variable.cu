// inline_variable.cu: counts calls in an inline variable, which is a symbol of another kind in a section of its own.
// It would pay where state is looked for among plain variables.
// Gate: static-state.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr int kNumProperCalls = 32;

struct Counter {
  static inline int num_calls = 0;
};

cudaError_t launch_while_watched(const Rows& rows, void* stream) {
  Rows part = rows;
  if (++Counter::num_calls > kNumProperCalls) part.num_rows = (rows.num_rows + 1) / 2;
  return row_norm::launch_norm(part, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_while_watched); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
