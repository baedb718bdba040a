// static_constructor.cu: works when its library is loaded, before anybody has called it.
// It would pay: loading is not timed, and happens in the process that holds clock and baseline.
// Gate: constructors, as the object has an entry beyond the compiler's own.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

float prepared = 0.0f;

__attribute__((constructor)) void prepare() { prepared = 1.0f; }

cudaError_t launch_prepared(const Rows& rows, void* stream) {
  return prepared == 1.0f ? row_norm::launch_norm(rows, stream) : cudaErrorUnknown;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_prepared); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
