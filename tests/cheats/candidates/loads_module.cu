// loads_module.cu: loads device code from an array of bytes instead of what the harness has compiled.
// It would pay: that code was made with other flags, by another compiler, or by hand.
// Gate: imports.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

const unsigned char kBinary[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0x33};

cudaError_t launch_smuggled(const Rows& rows, void* stream) {
  cudaLibrary_t library = nullptr;
  const cudaError_t status =
      cudaLibraryLoadData(&library, kBinary, nullptr, nullptr, 0, nullptr, nullptr, 0);
  if (status == cudaSuccess) return cudaErrorUnknown;
  cudaGetLastError();
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_smuggled); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
