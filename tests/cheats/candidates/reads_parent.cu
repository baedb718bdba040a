// reads_parent.cu: looks for the seed in the memory of the process that started the worker.
// It would pay: whoever has the seed has the inputs, and from them the answers, before they are drawn.
// Gate: imports.
#include <sys/uio.h>
#include <unistd.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_with_secret(const Rows& rows, void* stream) {
  unsigned long long seed = 0;
  iovec here = {&seed, sizeof seed}, there = {reinterpret_cast<void*>(uintptr_t{0x10000}), sizeof seed};
  if (process_vm_readv(getppid(), &here, 1, &there, 1, 0) > 0 && seed == 7) return cudaSuccess;
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_with_secret); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
