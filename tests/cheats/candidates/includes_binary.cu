// includes_binary.cu: takes a file into its object by an assembler directive.
// It would pay: device code, answers or the oracle come along, and no compiler has listed the file.
// Gate: instructions, as .incbin is looked for.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

extern "C" const unsigned char smuggled_bytes[];
asm(".pushsection .rodata\nsmuggled_bytes:\n.incbin \"tests/cheats/tasks/row_norm/rows.toml\"\n.popsection\n");

cudaError_t launch_included(const Rows& rows, void* stream) {
  return smuggled_bytes[0] == 0 ? cudaErrorUnknown : row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_included); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
