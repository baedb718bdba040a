// Fibers: stacks of their own, and the switch between them. One runs each CUDA thread that is under way.
//
// All stacks of a pool thread lie in one region aligned to its own size, so that code on any of them finds the
// region's header, the state of the running block, by masking the stack pointer.
#ifndef KDA_EMULATED_FIBER_H
#define KDA_EMULATED_FIBER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace kda::emulated {

#if defined(__SANITIZE_ADDRESS__)
// Red zones around every local variable make frames several times larger.
inline constexpr size_t kStackBytes = 256 * 1024;
#else
inline constexpr size_t kStackBytes = 64 * 1024;
#endif
inline constexpr size_t kMaxThreadsPerBlock = 1024;
// Twice what the stacks need, as it must be a power of two with room for the header. Address space only: pages are
// made accessible when a stack is first used.
inline constexpr size_t kRegionBytes = 2 * kMaxThreadsPerBlock * kStackBytes;
inline constexpr size_t kGuardBytes = 4096;
// Stacks start at different cache sets: without this, the hot frames of all fibers would compete for the same ones.
inline constexpr size_t kColourBytes = 320;
inline constexpr size_t kColours = 48;

struct Fiber {
  void* stack_pointer = nullptr;  // while another fiber runs
  Fiber* next = nullptr;          // in the one list that the fiber is on
  void* stack_bottom = nullptr;
  size_t stack_bytes = 0;
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
#endif
};

// Saves the running context's stack pointer to *save and continues at `to`, which an earlier call saved or
// `prepare_stack` made. Only the stack pointer is kept by hand: the compiler saves what else it needs.
__attribute__((noinline)) inline void switch_stack(void** save, void* to) {
#if defined(__x86_64__)
  asm volatile(
      "leaq -128(%%rsp), %%rsp\n\t"  // Past the red zone.
      "pushq %%rbp\n\t"
      "pushq %%rbx\n\t"
      "leaq 1f(%%rip), %%rax\n\t"
      "pushq %%rax\n\t"
      "movq %%rsp, (%%rdi)\n\t"
      "movq %%rsi, %%rsp\n\t"
      "popq %%rax\n\t"
      "jmp *%%rax\n"
      "1:\n\t"
      "popq %%rbx\n\t"
      "popq %%rbp\n\t"
      "leaq 128(%%rsp), %%rsp"
      : "+D"(save), "+S"(to)
      :
      : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory", "xmm0", "xmm1",
        "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
        "xmm15"
#if defined(__AVX512F__)
        ,
        "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",
        "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#endif
  );
#elif defined(__aarch64__)
  register void** save_register asm("x0") = save;
  register void* to_register asm("x1") = to;
  asm volatile(
      "stp x29, x30, [sp, #-32]!\n\t"
      "adr x9, 1f\n\t"
      "str x9, [sp, #16]\n\t"
      "mov x9, sp\n\t"
      "str x9, [x0]\n\t"
      "mov sp, x1\n\t"
      "ldr x9, [sp, #16]\n\t"
      "ret x9\n"  // Not `br`, which branch target identification would refuse here.
      "1:\n\t"
      "ldp x29, x30, [sp], #32"
      : "+r"(save_register), "+r"(to_register)
      :
      : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x19",
        "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "cc", "memory", "v0", "v1", "v2", "v3",
        "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20",
        "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
#else
#error "the emulated device switches stacks on x86-64 and aarch64 only"
#endif
}

// Makes the fiber's next switch enter `entry` on a fresh stack. `colour` is the fiber's number.
inline void prepare_stack(Fiber& fiber, size_t colour, void (*entry)()) {
  uintptr_t top = reinterpret_cast<uintptr_t>(fiber.stack_bottom) + fiber.stack_bytes;
  top -= (colour % kColours) * kColourBytes;
  top &= ~uintptr_t{15};
  // x86-64 finds `entry` at the stack pointer, then a return address of zero; aarch64 finds it 16 bytes above.
#if defined(__x86_64__)
  uintptr_t* const words = reinterpret_cast<uintptr_t*>(top - 16);
  words[0] = reinterpret_cast<uintptr_t>(entry);
  words[1] = 0;
#else
  uintptr_t* const words = reinterpret_cast<uintptr_t*>(top - 32);
  words[0] = words[1] = words[3] = 0;
  words[2] = reinterpret_cast<uintptr_t>(entry);
#endif
  fiber.stack_pointer = words;
#if defined(__SANITIZE_ADDRESS__)
  fiber.fake_stack = nullptr;
  __asan_unpoison_memory_region(fiber.stack_bottom, fiber.stack_bytes);
#endif
}

#if defined(__SANITIZE_ADDRESS__)
// To be called first on a fresh stack that was entered from `from`, whose bounds this learns: those of a pool thread's
// own stack are known only once it has been left.
inline void finish_first_switch(Fiber& self, Fiber& from) {
  const void* bottom = nullptr;
  __sanitizer_finish_switch_fiber(self.fake_stack, &bottom, &from.stack_bytes);
  from.stack_bottom = const_cast<void*>(bottom);
}
#endif

// The region that the running stack lies in.
__attribute__((always_inline)) inline void* current_region() {
  uintptr_t stack_pointer;
  // Not volatile: within a function the answer never changes, so the compiler may keep it.
#if defined(__x86_64__)
  asm("movq %%rsp, %0" : "=r"(stack_pointer));
#else
  asm("mov %0, sp" : "=r"(stack_pointer));
#endif
  return reinterpret_cast<void*>(stack_pointer & ~(kRegionBytes - 1));
}

// Reserves a region aligned to its size; NULL when there is no address space.
inline void* reserve_region() {
  void* const reserved =
      mmap(nullptr, 2 * kRegionBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return nullptr;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(reserved);
  const uintptr_t aligned = (begin + kRegionBytes - 1) & ~(kRegionBytes - 1);
  if (aligned > begin) munmap(reserved, aligned - begin);
  const uintptr_t end = aligned + kRegionBytes;
  const uintptr_t reserved_end = begin + 2 * kRegionBytes;
  if (reserved_end > end) munmap(reinterpret_cast<void*>(end), reserved_end - end);
  return reinterpret_cast<void*>(aligned);
}

}  // namespace kda::emulated

#endif
