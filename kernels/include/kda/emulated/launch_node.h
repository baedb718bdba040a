// A launch as a node of the emulated stream: arguments packed into a block that the stream may keep and replay.
#ifndef KDA_EMULATED_LAUNCH_NODE_H
#define KDA_EMULATED_LAUNCH_NODE_H

#include <stddef.h>
#include <string.h>

#include <type_traits>
#include <utility>

#include "kda/emulated/kernel_name.h"
#include "kda/emulated/pool.h"
#include "kda/emulated/runtime_api.h"
#include "kda/emulated/stream.h"

namespace kda::emulated {

enum class Residency {
  kAnyBlocks,  // blocks, or clusters, start as there is room
  kAllBlocks,  // a cooperative launch: all at the same time, or not at all
};

struct Geometry {
  dim3 grid, block, cluster;
  size_t smem_bytes;
  Residency residency = Residency::kAnyBlocks;
};

// What CUDA's launch refuses (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability").
inline cudaError_t check_geometry(const Geometry& geometry) {
  const dim3& grid = geometry.grid;
  const dim3& block = geometry.block;
  const dim3& cluster = geometry.cluster;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || block.x == 0 || block.y == 0 || block.z == 0) {
    return cudaErrorInvalidConfiguration;
  }
  if (grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) return cudaErrorInvalidConfiguration;
  if (block.x > 1024 || block.y > 1024 || block.z > 64) return cudaErrorInvalidConfiguration;
  if (block.x * block.y * block.z > kMaxThreadsPerBlock) return cudaErrorInvalidConfiguration;
  if (cluster.x == 0 || cluster.y == 0 || cluster.z == 0) return cudaErrorInvalidConfiguration;
  if (grid.x % cluster.x != 0 || grid.y % cluster.y != 0 || grid.z % cluster.z != 0) {
    return cudaErrorInvalidClusterSize;
  }
  if (cluster.x * cluster.y * cluster.z > kMaxClusterBlocks) return cudaErrorInvalidClusterSize;
  if (geometry.smem_bytes > kMaxSharedBytesPerBlock) return cudaErrorInvalidValue;
  if (geometry.residency == Residency::kAllBlocks) {
    // Not emulated: a cooperative grid of clusters.
    if (cluster.x * cluster.y * cluster.z > 1) return cudaErrorNotSupported;
    const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
    const uint64_t resident = kSharedBytesPerMultiprocessor / (geometry.smem_bytes + kSharedBytesReservedPerBlock);
    const uint64_t by_threads = kThreadsPerMultiprocessor / (block.x * block.y * block.z);
    const uint64_t fit = kNumMultiprocessors * (resident < by_threads ? resident : by_threads);
    if (blocks > fit || blocks > kMaxGangBlocks) return cudaErrorCooperativeLaunchTooLarge;
  }
  return cudaSuccess;
}

// Where each parameter lies in an argument block that starts with the kernel's address.
template <typename... Params>
struct ArgumentLayout {
  static constexpr size_t kNumParams = sizeof...(Params);
  static constexpr size_t kAlign = [] {
    size_t align = 16;
    ((align = alignof(Params) > align ? alignof(Params) : align), ...);
    return align;
  }();

  KdaEmulatedParam params[kNumParams + 1] = {};  // one more, as an array cannot be empty
  size_t bytes = kAlign;

  constexpr ArgumentLayout() {
    [[maybe_unused]] size_t index = 0;
    (add(index, sizeof(Params), alignof(Params)), ...);
  }

 private:
  constexpr void add(size_t& index, size_t param_bytes, size_t align) {
    bytes = (bytes + align - 1) / align * align;
    params[index++] = {static_cast<uint32_t>(bytes), static_cast<uint32_t>(param_bytes)};
    bytes += param_bytes;
  }
};

template <typename... Params>
inline constexpr ArgumentLayout<Params...> kArgumentLayout{};

template <typename... Params>
void call_kernel(const void* args) {
  using Kernel = void (*)(Params...);
  const char* const bytes = static_cast<const char*>(args);
  [&]<size_t... I>(std::index_sequence<I...>) {
    (*reinterpret_cast<const Kernel*>(bytes))(
        *reinterpret_cast<const Params*>(bytes + kArgumentLayout<Params...>.params[I].offset)...);
  }(std::index_sequence_for<Params...>{});
}

inline void copy_error(char* error, size_t error_bytes, const char* message) {
  if (error_bytes != 0) snprintf(error, error_bytes, "%s", message);
}

template <Residency kResidency, typename... Params>
int32_t run_kernel_node(const KdaEmulatedNode* node, char* error, size_t error_bytes) {
  using Layout = ArgumentLayout<Params...>;
  // The stream aligns its copy to 16 bytes only.
  alignas(Layout::kAlign) char args[kArgumentLayout<Params...>.bytes];
  memcpy(args, node->args, sizeof(args));
  Launch launch;
  launch.call_kernel = call_kernel<Params...>;
  launch.args = args;
  launch.name = node->name;
  launch.grid = dim3(node->grid[0], node->grid[1], node->grid[2]);
  launch.block = dim3(node->block[0], node->block[1], node->block[2]);
  launch.gang = kResidency == Residency::kAllBlocks ? launch.grid
                                                    : dim3(node->cluster[0], node->cluster[1], node->cluster[2]);
  launch.is_cluster = kResidency == Residency::kAnyBlocks;
  launch.smem_bytes = node->smem_bytes;
  if (Pool::instance().run(launch)) return 0;
  copy_error(error, error_bytes, launch.error);
  return 1;
}

inline cudaError_t enqueue(void* stream, const KdaEmulatedNode& node) {
  auto* const emulated_stream = static_cast<KdaEmulatedStream*>(stream);
  // There is no default stream.
  if (emulated_stream == nullptr) return set_last_error(cudaErrorInvalidResourceHandle);
  return set_last_error(emulated_stream->enqueue(emulated_stream, &node) == 0 ? cudaSuccess : cudaErrorLaunchFailure);
}

template <typename... Params>
cudaError_t enqueue_kernel(const Geometry& geometry, void* stream, void (*kernel)(Params...), Params... args) {
  static_assert((std::is_trivially_copyable_v<Params> && ...), "kernel parameters are copied as bytes");
  static_assert(kArgumentLayout<Params...>.bytes <= 32 * 1024, "a kernel takes at most 32764 bytes of parameters");
  const cudaError_t status = check_geometry(geometry);
  if (status != cudaSuccess) return set_last_error(status);

  static constexpr const ArgumentLayout<Params...>& kLayout = kArgumentLayout<Params...>;
  alignas(ArgumentLayout<Params...>::kAlign) char block[kLayout.bytes] = {};
  memcpy(block, &kernel, sizeof(kernel));
  [&]<size_t... I>(std::index_sequence<I...>) {
    (memcpy(block + kLayout.params[I].offset, &args, sizeof(args)), ...);
  }(std::index_sequence_for<Params...>{});

  KdaEmulatedNode node = {};
  node.kind = KDA_NODE_KERNEL;
  node.name = kernel_name(reinterpret_cast<const void*>(kernel));
  const dim3* const dims[] = {&geometry.grid, &geometry.block, &geometry.cluster};
  uint32_t* const fields[] = {node.grid, node.block, node.cluster};
  for (int i = 0; i < 3; ++i) {
    fields[i][0] = dims[i]->x;
    fields[i][1] = dims[i]->y;
    fields[i][2] = dims[i]->z;
  }
  node.smem_bytes = geometry.smem_bytes;
  node.num_params = sizeof...(Params);
  node.params = kLayout.params;
  node.args = block;
  node.args_bytes = kLayout.bytes;
  node.run = geometry.residency == Residency::kAllBlocks ? run_kernel_node<Residency::kAllBlocks, Params...>
                                                         : run_kernel_node<Residency::kAnyBlocks, Params...>;
  return enqueue(stream, node);
}

struct MemsetArgs {
  void* destination;
  uint64_t value;
  uint64_t bytes;
};

inline int32_t run_memset_node(const KdaEmulatedNode* node, char*, size_t) {
  MemsetArgs args;
  memcpy(&args, node->args, sizeof(args));
  memset(args.destination, static_cast<int>(args.value), args.bytes);
  return 0;
}

struct MemcpyArgs {
  void* destination;
  const void* source;
  uint64_t bytes;
};

inline int32_t run_memcpy_node(const KdaEmulatedNode* node, char*, size_t) {
  MemcpyArgs args;
  memcpy(&args, node->args, sizeof(args));
  memmove(args.destination, args.source, args.bytes);
  return 0;
}

// Enqueues a node whose arguments are three words.
template <typename Args>
cudaError_t enqueue_words(KdaEmulatedNodeKind kind, const char* name, const Args& args, void* stream,
                          int32_t (*run)(const KdaEmulatedNode*, char*, size_t)) {
  static_assert(sizeof(Args) == 24);
  static constexpr KdaEmulatedParam kParams[] = {{0, 8}, {8, 8}, {16, 8}};
  alignas(16) Args block = args;
  KdaEmulatedNode node = {};
  node.kind = kind;
  node.name = name;
  for (uint32_t* const dims : {node.grid, node.block, node.cluster}) dims[0] = dims[1] = dims[2] = 1;
  node.num_params = 3;
  node.params = kParams;
  node.args = &block;
  node.args_bytes = sizeof(block);
  node.run = run;
  return enqueue(stream, node);
}

}  // namespace kda::emulated

inline cudaError_t cudaMemsetAsync(void* destination, int value, size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  const kda::emulated::MemsetArgs args{destination, static_cast<unsigned char>(value), bytes};
  return kda::emulated::enqueue_words(KDA_NODE_MEMSET, "memset", args, stream, kda::emulated::run_memset_node);
}

inline cudaError_t cudaMemcpyAsync(void* destination, const void* source, size_t bytes, cudaMemcpyKind kind,
                                   cudaStream_t stream) {
  using namespace kda::emulated;
  // A launch only ever moves data within the device.
  if (kind != cudaMemcpyDeviceToDevice && kind != cudaMemcpyDefault) {
    return set_last_error(cudaErrorInvalidMemcpyDirection);
  }
  if (bytes == 0) return cudaSuccess;
  const MemcpyArgs args{destination, source, bytes};
  return enqueue_words(KDA_NODE_MEMCPY, "memcpy", args, stream, run_memcpy_node);
}

#endif
