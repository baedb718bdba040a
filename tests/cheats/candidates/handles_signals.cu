// handles_signals.cu: takes the signals of its own faults, and goes on as if there had been none.
// It would pay: a crash of its own, or a limit's warning, is never seen.
// Gate: imports.
#include <signal.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

void ignore(int) {}

cudaError_t launch_with_handler(const Rows& rows, void* stream) {
  struct sigaction action = {};
  action.sa_handler = ignore;
  sigaction(SIGALRM, &action, nullptr);
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_with_handler); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
