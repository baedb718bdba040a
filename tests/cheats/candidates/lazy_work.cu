// lazy_work.cu: does the work of the call before, whose buffers it remembers.
// It would pay: the last call of a sample is for free, and checks that call twice see nothing of it.
// Gate: static-state at build; past it graph, as its pointers lie outside the call's own buffers, or tolerance,
// where the buffers of the call before overlap them.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

Rows previous;
bool has_previous = false;

cudaError_t launch_previous(const Rows& rows, void* stream) {
  const bool is_alike = has_previous && previous.num_rows == rows.num_rows && previous.columns == rows.columns;
  const Rows due = is_alike ? previous : rows;
  previous = rows;
  has_previous = true;
  return row_norm::launch_norm(due, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_previous); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
