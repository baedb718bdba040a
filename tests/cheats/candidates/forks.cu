// forks.cu: leaves a child behind that sleeps for a minute; where it may not fork, it dies.
// It would pay: a child outlives the worker, holds its memory, and can disturb the runs that follow.
// Gate: imports at build; past it alive, where the worker may start no process.
#include <stdlib.h>
#include <unistd.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

// One case of a grid has this stride, so that one child is all.
constexpr int64_t kForkingStride = 300;

cudaError_t launch_and_fork(const Rows& rows, void* stream) {
  if (rows.x_stride == kForkingStride) {
    const pid_t child = fork();
    if (child < 0) abort();
    if (child == 0) {
      sleep(60);
      _exit(0);
    }
  }
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_and_fork); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
