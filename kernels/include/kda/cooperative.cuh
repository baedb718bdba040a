// cooperative.cuh: grids whose blocks all run at the same time, and what they tell each other through global memory.
//
//   kda::launch_cooperative(kernel, grid, block, smem_bytes, call->stream, args...);
//   if (threadIdx.x == 0) kda::post(&mailbox[blockIdx.x], value);       // value: not 0
//   const unsigned long long theirs = kda::wait_for(&mailbox[other]);   // until it is not 0
//
//   kda::wait_for_count(&counter, n);                                    // of other warps, in shared memory
//
// A mailbox is one 8 B word, zero before the launch and written once. The word is the message: what else a block wrote
// before it is not ordered with it. A grid that does not fit the GPU at once is refused by the launch.
#pragma once

#include <cuda_runtime.h>

#include "kda/launch.cuh"

namespace kda {

#if defined(KDA_EMULATED)

template <typename... Params, typename... Args>
cudaError_t launch_cooperative(void (*kernel)(Params...), dim3 grid, dim3 block, size_t smem_bytes, void* stream,
                               Args&&... args) {
  const emulated::Geometry geometry{grid, block, dim3(1, 1, 1), smem_bytes, emulated::Residency::kAllBlocks};
  return emulated::enqueue_kernel(geometry, stream, kernel, static_cast<Params>(args)...);
}

__device__ __forceinline__ void post(unsigned long long* mailbox, unsigned long long message) {
  __atomic_store_n(mailbox, message, __ATOMIC_RELAXED);
}

__device__ __forceinline__ unsigned long long wait_for(const unsigned long long* mailbox) {
  for (;;) {
    const unsigned long long message = __atomic_load_n(mailbox, __ATOMIC_RELAXED);
    if (message != 0) return message;
    emulated::spin();
  }
}

__device__ __forceinline__ void wait_for_count(const unsigned* counter, unsigned count) {
  while (*counter < count) emulated::spin();
}

#else

template <typename... Params, typename... Args>
cudaError_t launch_cooperative(void (*kernel)(Params...), dim3 grid, dim3 block, size_t smem_bytes, void* stream,
                               Args&&... args) {
  static_assert(sizeof...(Params) == sizeof...(Args), "one argument a kernel parameter");
  const void* function = reinterpret_cast<const void*>(kernel);
  constexpr size_t kSmemBytesWithoutOptIn = 48 * 1024;
  if (smem_bytes > kSmemBytesWithoutOptIn) {
    const cudaError_t status =
        cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(smem_bytes));
    if (status != cudaSuccess) return status;
  }
  cudaLaunchAttribute attribute;
  attribute.id = cudaLaunchAttributeCooperative;
  attribute.val.cooperative = 1;
  cudaLaunchConfig_t launch_config = {};
  launch_config.gridDim = grid;
  launch_config.blockDim = block;
  launch_config.dynamicSmemBytes = smem_bytes;
  launch_config.stream = static_cast<cudaStream_t>(stream);
  launch_config.attrs = &attribute;
  launch_config.numAttrs = 1;
  const auto launch_converted = [&](Params... params) {
    void* pointers[] = {const_cast<void*>(static_cast<const void*>(&params))..., nullptr};
    return cudaLaunchKernelExC(&launch_config, function, pointers);
  };
  return launch_converted(static_cast<Params>(args)...);
}

// Both are relaxed and of the GPU's scope: they go to the L2, past the L1.
__device__ __forceinline__ void post(unsigned long long* mailbox, unsigned long long message) {
  asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" ::"l"(mailbox), "l"(message) : "memory");
}

__device__ __forceinline__ unsigned long long wait_for(const unsigned long long* mailbox) {
  for (;;) {
    unsigned long long message;
    asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];" : "=l"(message) : "l"(mailbox) : "memory");
    if (message != 0) return message;
  }
}

// Until a counter in shared memory is no less than `count`; what was written before it was raised is seen afterwards.
__device__ __forceinline__ void wait_for_count(const unsigned* counter, unsigned count) {
  while (*static_cast<const volatile unsigned*>(counter) < count) {
  }
  __threadfence_block();
}

#endif

// Raises a counter in shared memory after all that this thread has written.
__device__ __forceinline__ void raise_count(unsigned* counter) {
  __threadfence_block();
  atomicAdd(counter, 1u);
}

}  // namespace kda
