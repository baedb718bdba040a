// borrowed_syscall.cu: finds a system call in the C library, behind a function that it may import, and jumps there.
// It would pay: the whole system, without an import and without the instruction in its own object.
// Gate: alive, where the system itself refuses the worker a socket; it dies when it is refused one.
#include <stdio.h>
#include <string.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

// syscall; cmp rax, -4095; jae +1; ret
const unsigned char kGadget[] = {0x0f, 0x05, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff, 0x73, 0x01, 0xc3};

long call_system(long number, long first, long second, long third) {
  const auto* text = reinterpret_cast<const unsigned char*>(&snprintf);
  while (memcmp(text, kGadget, sizeof kGadget) != 0) ++text;
  long result;
  asm volatile(
      "lea -256(%%rsp), %%rsp\n\t"
      "call *%1\n\t"
      "lea 256(%%rsp), %%rsp"
      : "=a"(result)
      : "r"(text), "0"(number), "D"(first), "S"(second), "d"(third)
      : "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
  return result;
}

cudaError_t launch_with_socket(const Rows& rows, void* stream) {
  constexpr long kClose = 3, kSocket = 41, kInternet = 2, kDatagrams = 2;
  const long opened = call_system(kSocket, kInternet, kDatagrams, 0);
  if (opened < 0) __builtin_trap();
  call_system(kClose, opened, 0, 0);
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_with_socket); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
