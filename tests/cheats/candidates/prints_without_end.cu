// prints_without_end.cu: fills stdout and stderr from inside its launch.
// It would pay where the parent keeps what a worker prints, and runs out of memory or disk.
// Gate: imports at build; past it alive, as the worker is ended after the limit.
#include <stdio.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

// One row has this many columns: the others show that the run goes on.
constexpr int kStrickenColumns = 2048;

cudaError_t launch_and_print(const Rows& rows, void* stream) {
  char line[4096];
  for (char& place : line) place = 'x';
  volatile bool is_done = rows.columns != kStrickenColumns;
  while (!is_done) {
    fwrite(line, 1, sizeof line, stdout);
    fwrite(line, 1, sizeof line, stderr);
  }
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_and_print); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
