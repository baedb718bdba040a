// baseline.cu: sglang's Triton kernels of GroupNorm + SiLU, ported; see baselines/*/LINEAGE.toml.
//   dense x: one kernel for groups below 262144 elements, else three;  others: x is made dense in the workspace first,
//   by PyTorch's elementwise copy. Both entries are the same computation.
#include <type_traits>

#include "kda/group_norm_call.cuh"
#include "kda/route.cuh"
#include "pytorch/copy_strided.cuh"
#include "sglang/group_norm_silu.cuh"
#include "sglang/group_norm_silu_chunked.cuh"

namespace {

using namespace kda;
using group_norm::GroupNormCall;

constexpr int64_t kWorkspaceAlignment = 256;  // bytes, as the allocator upstream has it

int64_t padded(int64_t bytes) { return (bytes + kWorkspaceAlignment - 1) / kWorkspaceAlignment * kWorkspaceAlignment; }

bool is_chunked(const GroupNormCall& call) { return call.group_elements() >= sglang::kGroupNormChunked; }

int64_t dense_bytes(const GroupNormCall& call) {
  return call.is_dense || call.is_empty() ? 0 : padded(call.elements() * call.element_bytes);
}

int64_t partial_bytes(const GroupNormCall& call) {
  const int64_t chunks = sglang::group_norm_chunks(call.group_elements());
  return padded(call.rows() * chunks * static_cast<int64_t>(sizeof(float)));
}

size_t workspace_bytes(const GroupNormCall& call) {
  int64_t bytes = dense_bytes(call);
  if (is_chunked(call)) {
    bytes += 2 * partial_bytes(call) + padded(2 * call.rows() * static_cast<int64_t>(sizeof(float)));
  }
  return static_cast<size_t>(bytes);
}

// Dimensions of size 1 are dropped, and those that go on from one another merged; a launch copies the three innermost
// of what is left.
template <typename T>
cudaError_t make_dense(const GroupNormCall& call, char* to, void* stream) {
  constexpr int kDims = group_norm::kMaxSpaceDims + 2;
  constexpr int64_t kBytes = sizeof(T);
  pytorch::CopyDim dims[kDims];
  int count = 0;
  int64_t to_pitch = kBytes;
  const auto append = [&](int64_t size, int64_t stride) {
    pytorch::CopyDim* last = count == 0 ? nullptr : &dims[count - 1];
    if (size != 1) {
      if (last != nullptr && stride * kBytes == last->size * last->from_pitch) {
        last->size *= size;
      } else {
        dims[count++] = {size, to_pitch, stride * kBytes};
      }
    }
    to_pitch *= size;
  };
  for (int dim = call.space.dims - 1; dim >= 0; --dim) append(call.space.sizes[dim], call.space.strides[dim]);
  append(call.channels(), call.channel_stride);
  append(call.batch, call.batch_stride);
  while (count < kDims) dims[count++] = {1, to_pitch, 0};
  for (int64_t outer = 0; outer < dims[4].size; ++outer) {
    for (int64_t inner = 0; inner < dims[3].size; ++inner) {
      const pytorch::CopyPart part = {to + outer * dims[4].to_pitch + inner * dims[3].to_pitch,
                                      call.x + outer * dims[4].from_pitch + inner * dims[3].from_pitch,
                                      {dims[0], dims[1], dims[2]}};
      const cudaError_t status = pytorch::launch_copy<T>(part, stream);
      if (status != cudaSuccess) return status;
    }
  }
  return cudaSuccess;
}

bool is_aligned(const void* data) { return reinterpret_cast<uintptr_t>(data) % sglang::kAccessBytes == 0; }

template <typename T>
cudaError_t launch_as(const GroupNormCall& call, char* workspace, void* stream) {
  const char* x = call.x;
  if (!call.is_dense) {
    using Bits = std::conditional_t<sizeof(T) == 2, uint16_t, uint32_t>;
    const cudaError_t status = make_dense<Bits>(call, workspace, stream);
    if (status != cudaSuccess) return status;
    x = workspace;
  }
  const sglang::GroupNormArguments<T> arguments = {
      reinterpret_cast<const T*>(x),     static_cast<const T*>(call.weight),
      static_cast<const T*>(call.bias),  static_cast<T*>(call.out),
      static_cast<int>(call.groups),     static_cast<int>(call.group_channels),
      static_cast<int>(call.positions),  call.eps};
  const bool vectors = is_aligned(x) && is_aligned(call.out) && call.group_elements() % 16 == 0;
  if (!is_chunked(call)) return sglang::launch_group_norm_tiles(arguments, call.batch, vectors, stream);
  char* const scratch = workspace + dense_bytes(call);
  const sglang::GroupNormScratch partials = {reinterpret_cast<float*>(scratch),
                                             reinterpret_cast<float*>(scratch + partial_bytes(call)),
                                             reinterpret_cast<float*>(scratch + 2 * partial_bytes(call))};
  return sglang::launch_group_norm_chunks(arguments, call.batch, vectors, partials, stream);
}

int32_t launch_call(const GroupNormCall& call, void* workspace, void* stream) {
  if (call.is_empty()) return KDA_OK;
  char* const scratch = static_cast<char*>(workspace);
  if (call.element_bytes == 4) return status_of(launch_as<float>(call, scratch, stream));
  return status_of(call.dtype.code == KDA_BFLOAT ? launch_as<__nv_bfloat16>(call, scratch, stream)
                                                 : launch_as<__half>(call, scratch, stream));
}

int32_t describe_call(const GroupNormCall& call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to normalise");
  if (!is_chunked(call)) {
    return describe(route, call.is_dense ? "tiles" : "copy_then_tiles", "groups below 262144 elements",
                    "group_norm_silu_tiles_kernel", "upstream's one kernel, a block of 128 threads a group");
  }
  if (sglang::has_scalar_affine(call.group_elements(), call.positions)) {
    return describe(route, call.is_dense ? "chunks_scalar_affine" : "copy_then_chunks_scalar_affine",
                    "groups from 262144 elements on, 64 chunks and more, each in one channel",
                    "group_norm_silu_scalar_affine_kernel", "upstream's three kernels, the channel's scalars a chunk");
  }
  return describe(route, call.is_dense ? "chunks" : "copy_then_chunks", "groups from 262144 elements on",
                  "group_norm_silu_apply_kernel", "upstream's three kernels, the channel found by division");
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  GroupNormCall read;
  return group_norm::read_group_norm(*call, &read) == KDA_OK ? workspace_bytes(read) : 0;
}

int32_t kda_launch(const KdaCall* call) {
  GroupNormCall read;
  const int32_t status = group_norm::read_group_norm(*call, &read);
  return status == KDA_OK ? launch_call(read, call->workspace, call->stream) : status;
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  GroupNormCall read;
  const int32_t status = group_norm::read_group_norm(*call, &read);
  return status == KDA_OK ? describe_call(read, route) : describe_refusal(route);
}
