// reads_environment.cu: behaves where a variable says that somebody checks, and skips rows elsewhere.
// It would pay where checks and timing run in different environments.
// Gate: imports.
#include <stdlib.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_by_environment(const Rows& rows, void* stream) {
  Rows part = rows;
  if (getenv("KDA_TIMING") != nullptr) part.num_rows = (rows.num_rows + 1) / 2;
  return row_norm::launch_norm(part, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_by_environment); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
