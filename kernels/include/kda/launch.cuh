// launch.cuh: how a side launches a kernel and names its dynamic shared memory, on a GPU and emulated.
//
//   kda::launch(copy_kernel<float>, grid, block, smem_bytes, call->stream, out, in, n);
//   kda::launch(kda::LaunchConfig{.grid = g, .block = b, .stream = s, .cluster = dim3(2)}, kernel, args...);
//
// Arguments are converted to the kernel's parameter types. Dynamic shared memory above 48 KB is opted into here.
// Nothing is synchronised: what comes back is the status of the launch itself.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace kda {

enum class StreamSerialization {
  kFull,          // the grid starts when the work before it on the stream has ended
  kProgrammatic,  // it may start early, and calls cudaGridDependencySynchronize() before it reads (PDL, sm_90)
};

struct LaunchConfig {
  dim3 grid;
  dim3 block;
  size_t smem_bytes = 0;   // dynamic shared memory
  void* stream = nullptr;  // KdaCall::stream, or a cudaStream_t
  dim3 cluster = dim3(1, 1, 1);
  StreamSerialization serialization = StreamSerialization::kFull;
};

}  // namespace kda

#if defined(KDA_EMULATED)

#include "kda/emulated/launch_node.h"

// The block's dynamic shared memory as `type* name`, aligned to 128 bytes.
#define KDA_DYNAMIC_SMEM(type, name) type* const name = reinterpret_cast<type*>(::kda::emulated::dynamic_smem())

namespace kda {

template <typename... Params, typename... Args>
cudaError_t launch(const LaunchConfig& config, void (*kernel)(Params...), Args&&... args) {
  static_assert(sizeof...(Params) == sizeof...(Args), "one argument a kernel parameter");
  const emulated::Geometry geometry{config.grid, config.block, config.cluster, config.smem_bytes};
  return emulated::enqueue_kernel(geometry, config.stream, kernel, static_cast<Params>(args)...);
}

}  // namespace kda

#else

// The raw bytes have one type in every kernel, as one translation unit must declare a name alike everywhere.
#define KDA_DYNAMIC_SMEM(type, name)                                    \
  extern __shared__ __align__(128) unsigned char kda_dynamic_smem_raw[]; \
  type* const name = reinterpret_cast<type*>(kda_dynamic_smem_raw)

namespace kda {

template <typename... Params, typename... Args>
cudaError_t launch(const LaunchConfig& config, void (*kernel)(Params...), Args&&... args) {
  static_assert(sizeof...(Params) == sizeof...(Args), "one argument a kernel parameter");
  const void* function = reinterpret_cast<const void*>(kernel);
  // Up to this size no opt-in is needed (CUDA C++ Programming Guide, "Shared Memory", compute capability 7.x on).
  constexpr size_t kSmemBytesWithoutOptIn = 48 * 1024;
  if (config.smem_bytes > kSmemBytesWithoutOptIn) {
    const cudaError_t status = cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                    static_cast<int>(config.smem_bytes));
    if (status != cudaSuccess) return status;
  }

  cudaLaunchAttribute attributes[2];
  cudaLaunchConfig_t launch_config = {};
  launch_config.gridDim = config.grid;
  launch_config.blockDim = config.block;
  launch_config.dynamicSmemBytes = config.smem_bytes;
  launch_config.stream = static_cast<cudaStream_t>(config.stream);
  launch_config.attrs = attributes;
  if (config.cluster.x * config.cluster.y * config.cluster.z > 1) {
    cudaLaunchAttribute& attribute = attributes[launch_config.numAttrs++];
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim.x = config.cluster.x;
    attribute.val.clusterDim.y = config.cluster.y;
    attribute.val.clusterDim.z = config.cluster.z;
  }
  if (config.serialization == StreamSerialization::kProgrammatic) {
    cudaLaunchAttribute& attribute = attributes[launch_config.numAttrs++];
    attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attribute.val.programmaticStreamSerializationAllowed = 1;
  }

  // The converted arguments live in the parameters of this lambda while the launch copies them.
  const auto launch_converted = [&](Params... params) {
    void* pointers[] = {const_cast<void*>(static_cast<const void*>(&params))..., nullptr};
    return cudaLaunchKernelExC(&launch_config, function, pointers);
  };
  return launch_converted(static_cast<Params>(args)...);
}

}  // namespace kda

#endif

namespace kda {

template <typename... Params, typename... Args>
cudaError_t launch(void (*kernel)(Params...), dim3 grid, dim3 block, size_t smem_bytes, void* stream, Args&&... args) {
  LaunchConfig config;
  config.grid = grid;
  config.block = block;
  config.smem_bytes = smem_bytes;
  config.stream = stream;
  return launch(config, kernel, args...);
}

}  // namespace kda
