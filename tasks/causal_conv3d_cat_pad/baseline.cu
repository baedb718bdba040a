// baseline.cu: sglang's Triton kernel for the padded input of a causal 3-D convolution; see baselines/*/LINEAGE.toml.
//   dense inputs: one launch;  others: made dense in the workspace first, by PyTorch's elementwise copy
#include "kda/cat_pad_call.cuh"
#include "kda/route.cuh"
#include "pytorch/copy_strided.cuh"
#include "sglang/causal_conv3d_cat_pad.cuh"

namespace {

using namespace kda;
using cat_pad::CatPadCall;
using cat_pad::Source;

constexpr int64_t kWorkspaceAlignment = 256;  // bytes, as the allocator upstream has it

int64_t dense_bytes(const CatPadCall& call, const Source& source) {
  if (source.is_dense) return 0;
  const int64_t bytes = call.batch * call.channels * source.depth * call.height * call.width * call.element_bytes;
  return (bytes + kWorkspaceAlignment - 1) / kWorkspaceAlignment * kWorkspaceAlignment;
}

// Dimensions of size 1 are dropped, and those that go on from one another merged; a launch copies the three innermost
// of what is left.
template <typename T>
cudaError_t make_dense(const CatPadCall& call, const Source& source, char* to, void* stream) {
  const int64_t sizes[cat_pad::kRank] = {call.batch, call.channels, source.depth, call.height, call.width};
  pytorch::CopyDim dims[cat_pad::kRank];
  int count = 0;
  int64_t to_pitch = sizeof(T);
  for (int dim = cat_pad::kRank - 1; dim >= 0; --dim) {
    const int64_t from_pitch = source.strides[dim] * static_cast<int64_t>(sizeof(T));
    pytorch::CopyDim* last = count == 0 ? nullptr : &dims[count - 1];
    if (sizes[dim] != 1) {
      if (last != nullptr && from_pitch == last->size * last->from_pitch) {
        last->size *= sizes[dim];
      } else {
        dims[count++] = {sizes[dim], to_pitch, from_pitch};
      }
    }
    to_pitch *= sizes[dim];
  }
  while (count < cat_pad::kRank) dims[count++] = {1, to_pitch, 0};
  for (int64_t outer = 0; outer < dims[4].size; ++outer) {
    for (int64_t inner = 0; inner < dims[3].size; ++inner) {
      const pytorch::CopyPart part = {to + outer * dims[4].to_pitch + inner * dims[3].to_pitch,
                                      source.data + outer * dims[4].from_pitch + inner * dims[3].from_pitch,
                                      {dims[0], dims[1], dims[2]}};
      const cudaError_t status = pytorch::launch_copy<T>(part, stream);
      if (status != cudaSuccess) return status;
    }
  }
  return cudaSuccess;
}

template <typename T, typename Index>
cudaError_t launch_indexed(const CatPadCall& call, const char* x, const char* cache, void* stream) {
  const auto index = [](int64_t value) { return static_cast<Index>(value); };
  const sglang::CatPad<T, Index> read = {
      reinterpret_cast<const T*>(x), reinterpret_cast<const T*>(cache), reinterpret_cast<T*>(call.out),
      index(call.out_elements()), index(call.channels), index(call.x.depth), index(call.cache.depth),
      index(call.height), index(call.width), index(call.out_depth), index(call.out_height), index(call.out_width),
      index(call.zero_planes), index(call.pad_h), index(call.pad_w)};
  return sglang::launch_cat_pad(read, stream);
}

template <typename T>
cudaError_t launch_as(const CatPadCall& call, void* workspace, void* stream) {
  const char* data[2] = {call.x.data, call.cache.data};
  const Source* sources[2] = {&call.x, &call.cache};
  char* scratch = static_cast<char*>(workspace);
  for (int i = 0; i < 2; ++i) {
    if (sources[i]->is_dense) continue;
    const cudaError_t status = make_dense<T>(call, *sources[i], scratch, stream);
    if (status != cudaSuccess) return status;
    data[i] = scratch;
    scratch += dense_bytes(call, *sources[i]);
  }
  // Room for the last tile's indices.
  constexpr int64_t kMost = INT32_MAX - 256;
  return call.out_elements() <= kMost ? launch_indexed<T, int32_t>(call, data[0], data[1], stream)
                                      : launch_indexed<T, int64_t>(call, data[0], data[1], stream);
}

int32_t describe_call(const CatPadCall& call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to write");
  if (call.x.is_dense && call.cache.is_dense) {
    return describe(route, "cat_pad", "dense inputs", "fused_cat_pad_5d_kernel", "upstream's kernel, one launch");
  }
  return describe(route, "dense_then_cat_pad", "an input that is not dense", "fused_cat_pad_5d_kernel",
                  "upstream's kernel ignores strides: copy_elementwise_kernel makes the input dense before");
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  CatPadCall read;
  if (cat_pad::read_cat_pad(*call, &read) != KDA_OK || read.is_empty()) return 0;
  return static_cast<size_t>(dense_bytes(read, read.x) + dense_bytes(read, read.cache));
}

int32_t kda_launch(const KdaCall* call) {
  CatPadCall read;
  const int32_t status = cat_pad::read_cat_pad(*call, &read);
  if (status != KDA_OK) return status;
  if (read.is_empty()) return KDA_OK;
  return read.element_bytes == 4 ? status_of(launch_as<uint32_t>(read, call->workspace, call->stream))
                                 : status_of(launch_as<uint16_t>(read, call->workspace, call->stream));
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  CatPadCall read;
  const int32_t status = cat_pad::read_cat_pad(*call, &read);
  return status == KDA_OK ? describe_call(read, route) : describe_refusal(route);
}
