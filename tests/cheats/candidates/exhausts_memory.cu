// exhausts_memory.cu: takes 8 GiB of the host's memory, touches them, and dies where it is not given them.
// It would pay where the system, short of memory, ends the harness instead of the worker.
// Gate: imports at build; past it alive, under a memory limit below 8 GiB.
#include <stdlib.h>
#include <string.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

// One row has this many columns: the others show that the run goes on.
constexpr int kStrickenColumns = 2048;

cudaError_t launch_and_allocate(const Rows& rows, void* stream) {
  constexpr size_t kPieceBytes = size_t{64} << 20;
  for (int piece = 0; piece < 128 && rows.columns == kStrickenColumns; ++piece) {
    void* volatile memory = malloc(kPieceBytes);
    if (memory == nullptr) abort();
    memset(memory, piece + 1, kPieceBytes);
  }
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_and_allocate); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
