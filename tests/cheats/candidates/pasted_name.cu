// pasted_name.cu: writes a forbidden function's name in pieces that the preprocessor joins.
// It would pay where somebody searches the source for it.
// Gate: imports, as the object has the whole name.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

#define PASTED(a, b, c) a##b##c
cudaError_t launch_aside(const Rows& rows, void*) {
  cudaStream_t side = nullptr;
  const cudaError_t status = PASTED(cuda, Stream, Create)(&side);
  return status == cudaSuccess ? row_norm::launch_norm(rows, side) : status;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_aside); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
