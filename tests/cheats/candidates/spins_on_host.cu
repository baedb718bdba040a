// spins_on_host.cu: never returns from its launch.
// It would pay where whoever waits gives up and keeps an earlier result.
// Gate: alive; the worker is ended after the limit.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

// One row has this many columns: the others show that the run goes on.
constexpr int kStrickenColumns = 2048;

cudaError_t launch_never(const Rows& rows, void* stream) {
  volatile bool is_done = rows.columns != kStrickenColumns;
  while (!is_done) {
  }
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_never); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
