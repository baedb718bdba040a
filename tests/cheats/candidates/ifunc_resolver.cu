// ifunc_resolver.cu: a function whose address is chosen by code that runs when the library is loaded.
// It would pay as a constructor does, without an entry among the constructors.
// Gate: constructors, as the symbol's kind says it.
#include "honest.cuh"

namespace {

float one() { return 1.0f; }

}  // namespace

extern "C" {
__attribute__((visibility("hidden"))) float (*resolve_chosen())() { return one; }
__attribute__((visibility("hidden"), ifunc("resolve_chosen"))) float chosen();
}

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_resolved(const Rows& rows, void* stream) {
  return chosen() == 1.0f ? row_norm::launch_norm(rows, stream) : cudaErrorUnknown;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_resolved); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
