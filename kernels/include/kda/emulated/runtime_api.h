// The part of the CUDA runtime API that a launch may use. Anything else is undefined, so that using it does not compile.
#ifndef KDA_EMULATED_RUNTIME_API_H
#define KDA_EMULATED_RUNTIME_API_H

#include <stddef.h>
#include <stdint.h>

#include "kda/emulated/stream.h"
#include "kda/emulated/vector_types.h"

typedef KdaEmulatedStream* cudaStream_t;

// CUDA's own numbers (driver_types.h).
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInvalidMemcpyDirection = 21,
  cudaErrorInvalidDevice = 101,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorLaunchFailure = 719,
  cudaErrorNotSupported = 801,
  cudaErrorCooperativeLaunchTooLarge = 720,
  cudaErrorInvalidClusterSize = 912,
};

enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4,
};

enum cudaDeviceAttr {
  cudaDevAttrMaxThreadsPerBlock = 1,
  cudaDevAttrMaxSharedMemoryPerBlock = 8,
  cudaDevAttrWarpSize = 10,
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrL2CacheSize = 38,
  cudaDevAttrMaxThreadsPerMultiProcessor = 39,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
  cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
  cudaDevAttrMaxRegistersPerMultiprocessor = 82,
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97,
  cudaDevAttrMaxBlocksPerMultiprocessor = 106,
};

enum cudaFuncAttribute {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9,
  cudaFuncAttributeNonPortableClusterSizeAllowed = 14,
};

struct cudaFuncAttributes {
  size_t sharedSizeBytes;
  size_t constSizeBytes;
  size_t localSizeBytes;
  int maxThreadsPerBlock;
  int numRegs;
  int ptxVersion;
  int binaryVersion;
  int cacheModeCA;
  int maxDynamicSharedSizeBytes;
  int preferredShmemCarveout;
};

namespace kda::emulated {

// An H100's limits per block and per multiprocessor (CUDA C++ Programming Guide, compute capability 9.0), on a device
// of four multiprocessors, so that small shapes too take more than one wave.
inline constexpr int kNumMultiprocessors = 4;
inline constexpr size_t kMaxSharedBytesPerBlock = 227 * 1024;
inline constexpr size_t kSharedBytesPerMultiprocessor = 228 * 1024;
inline constexpr size_t kSharedBytesReservedPerBlock = 1024;
inline constexpr int kThreadsPerMultiprocessor = 2048;
inline constexpr int kBlocksPerMultiprocessor = 32;
inline constexpr unsigned kMaxClusterBlocks = 16;
inline constexpr int kL2Bytes = 50 * 1024 * 1024;

inline thread_local cudaError_t last_error = cudaSuccess;

inline cudaError_t set_last_error(cudaError_t status) {
  if (status != cudaSuccess) last_error = status;
  return status;
}

}  // namespace kda::emulated

inline const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidMemcpyDirection:
      return "cudaErrorInvalidMemcpyDirection";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle:
      return "cudaErrorInvalidResourceHandle";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    case cudaErrorNotSupported:
      return "cudaErrorNotSupported";
    case cudaErrorCooperativeLaunchTooLarge:
      return "cudaErrorCooperativeLaunchTooLarge";
    case cudaErrorInvalidClusterSize:
      return "cudaErrorInvalidClusterSize";
  }
  return "unrecognized error code";
}

inline const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorInvalidMemcpyDirection:
      return "invalid copy direction for memcpy";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorInvalidResourceHandle:
      return "invalid resource handle";
    case cudaErrorLaunchFailure:
      return "unspecified launch failure";
    case cudaErrorNotSupported:
      return "operation not supported";
    case cudaErrorCooperativeLaunchTooLarge:
      return "too many blocks in cooperative launch";
    case cudaErrorInvalidClusterSize:
      return "invalid cluster size";
  }
  return "unrecognized error code";
}

inline cudaError_t cudaPeekAtLastError() { return kda::emulated::last_error; }

inline cudaError_t cudaGetLastError() {
  const cudaError_t error = kda::emulated::last_error;
  kda::emulated::last_error = cudaSuccess;
  return error;
}

inline cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}

inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  using namespace kda::emulated;
  if (device != 0) return set_last_error(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = 1024;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = 48 * 1024;
      return cudaSuccess;
    case cudaDevAttrWarpSize:
      *value = 32;
      return cudaSuccess;
    case cudaDevAttrMultiProcessorCount:
      *value = kNumMultiprocessors;
      return cudaSuccess;
    case cudaDevAttrL2CacheSize:
      *value = kL2Bytes;
      return cudaSuccess;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *value = kThreadsPerMultiprocessor;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
      *value = 9;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
      *value = 0;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *value = static_cast<int>(kSharedBytesPerMultiprocessor);
      return cudaSuccess;
    case cudaDevAttrMaxRegistersPerMultiprocessor:
      *value = 65536;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(kMaxSharedBytesPerBlock);
      return cudaSuccess;
    case cudaDevAttrMaxBlocksPerMultiprocessor:
      *value = kBlocksPerMultiprocessor;
      return cudaSuccess;
  }
  return set_last_error(cudaErrorInvalidValue);
}

template <typename Kernel>
cudaError_t cudaFuncSetAttribute(Kernel*, cudaFuncAttribute attribute, int value) {
  using namespace kda::emulated;
  if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize &&
      (value < 0 || static_cast<size_t>(value) > kMaxSharedBytesPerBlock)) {
    return set_last_error(cudaErrorInvalidValue);
  }
  return cudaSuccess;
}

// Register counts and static shared memory are unknown on the host: reported as a plausible count and as none.
template <typename Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, Kernel*) {
  *attributes = {};
  attributes->maxThreadsPerBlock = 1024;
  attributes->numRegs = 32;
  attributes->ptxVersion = attributes->binaryVersion = 90;
  attributes->maxDynamicSharedSizeBytes = static_cast<int>(kda::emulated::kMaxSharedBytesPerBlock);
  return cudaSuccess;
}

// As limited by threads, blocks and dynamic shared memory; registers are unknown on the host.
template <typename Kernel>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* num_blocks, Kernel*, int block_threads,
                                                          size_t smem_bytes) {
  using namespace kda::emulated;
  if (block_threads < 1 || block_threads > 1024) return set_last_error(cudaErrorInvalidValue);
  const int whole_warps = (block_threads + 31) / 32 * 32;
  int blocks = kThreadsPerMultiprocessor / whole_warps;
  if (blocks > kBlocksPerMultiprocessor) blocks = kBlocksPerMultiprocessor;
  const size_t by_shared_memory = kSharedBytesPerMultiprocessor / (smem_bytes + kSharedBytesReservedPerBlock);
  if (by_shared_memory < static_cast<size_t>(blocks)) blocks = static_cast<int>(by_shared_memory);
  *num_blocks = smem_bytes > kMaxSharedBytesPerBlock ? 0 : blocks;
  return cudaSuccess;
}

#endif
