// inline_syscall.cu: calls the system by an instruction, and no library.
// It would pay: files, threads and processes without a single import.
// Gate: instructions, as the instruction stands in the object's text.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

long parent_by_instruction() {
  constexpr long kGetPpid = 110;
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(kGetPpid) : "rcx", "r11", "memory");
  return result;
}

cudaError_t launch_and_call(const Rows& rows, void* stream) {
  return parent_by_instruction() < 0 ? cudaErrorUnknown : row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_and_call); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
