// calibration_game.cu: does its work four times over in the first calls, so that samples are planned for slow ones.
// It would pay: fewer calls a sample, fewer chances to see what is done in the others.
// Gate: static-state at build; past it graph, as the call's graph is not the one that the gates saw.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr int kNumSlowCalls = 32;
int num_calls = 0;

cudaError_t launch_slowly_at_first(const Rows& rows, void* stream) {
  const int repeats = ++num_calls > kNumSlowCalls ? 1 : 4;
  for (int i = 0; i < repeats; ++i) {
    const cudaError_t status = row_norm::launch_norm(rows, stream);
    if (status != cudaSuccess) return status;
  }
  return cudaSuccess;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_slowly_at_first); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
