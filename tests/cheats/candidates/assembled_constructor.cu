// assembled_constructor.cu: adds an entry to the list of constructors by an assembler directive.
// It would pay as static_constructor does, past whoever looks for attributes and static objects in the source.
// Gate: constructors, as the object's list is what counts.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

float prepared = 0.0f;

extern "C" __attribute__((used, visibility("hidden"))) void prepare_by_directive() { prepared = 1.0f; }

asm(".pushsection .init_array,\"aw\"\n.quad prepare_by_directive\n.popsection\n");

cudaError_t launch_prepared(const Rows& rows, void* stream) {
  return prepared == 1.0f ? row_norm::launch_norm(rows, stream) : cudaErrorUnknown;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_prepared); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
