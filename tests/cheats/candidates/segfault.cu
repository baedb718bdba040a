// segfault.cu: writes through a null pointer on the host.
// It would pay where a call that dies counts as one that is over.
// Gate: alive; the row is lost, the run goes on.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_through_null(const Rows& rows, void* stream) {
  int* volatile nowhere = nullptr;
  *static_cast<volatile int*>(nowhere) = 1;
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_through_null); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
