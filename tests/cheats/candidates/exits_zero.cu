// exits_zero.cu: ends the process with exit code 0.
// It would pay where the code of a process says whether it passed.
// Gate: alive, as a worker that is gone has answered nothing. `exit` is no import to refuse: nvcc makes it by itself.
#include <stdlib.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_and_exit(const Rows&, void*) { exit(0); }

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_and_exit); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
