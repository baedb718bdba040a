// default_stream.cu: launches on the legacy default stream, which a capture on another stream neither sees nor refuses.
// It would pay: the kernel runs at once, outside of every graph, and replays take no time.
// Gate: graph, as the captured call has no node.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_on_default(const Rows& rows, void*) { return row_norm::launch_norm(rows, nullptr); }

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_on_default); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
