// kills_parent.cu: ends the process that started the worker; where it may not, it dies itself.
// It would pay: a judge that is dead condemns nobody.
// Gate: imports at build; past it alive, where the worker may signal no other process.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_and_kill(const Rows& rows, void* stream) {
  if (kill(getppid(), SIGKILL) != 0) abort();
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_and_kill); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
