// async_copy.cuh: 16 B copies from global to shared memory that a thread starts and waits for later (sm_80, cp.async).
//
//   kda::async_copy_16(slot, from);       // both aligned to 16 B; past the L1
//   kda::async_copy_commit();             // closes a group, which may be empty
//   kda::async_copy_wait<2>();            // until all but the last two groups have arrived
//
// Each thread waits for its own copies only: what others copied needs a barrier besides.
#pragma once

#include <cuda_runtime.h>
#include <stdint.h>
#include <string.h>

namespace kda {

#if defined(KDA_EMULATED)

// At once, which any correct use allows.
__device__ __forceinline__ void async_copy_16(void* shared, const void* global) { memcpy(shared, global, 16); }
__device__ __forceinline__ void async_copy_commit() {}
template <int kPending>
__device__ __forceinline__ void async_copy_wait() {}

#else

__device__ __forceinline__ void async_copy_16(void* shared, const void* global) {
  const auto to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(global) : "memory");
}

__device__ __forceinline__ void async_copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int kPending>
__device__ __forceinline__ void async_copy_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

#endif

}  // namespace kda
