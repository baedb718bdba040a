// baseline.cu: what PyTorch launches for sglang's attention around text tokens; see baselines/pytorch/LINEAGE.toml.
//   op_type 0  contiguous: one elementwise copy
//   op_type 1  cat: one batched launch
//   op_type 2  a slice of heads, contiguous in the workspace, then cat with it
#include "kda/route.cuh"
#include "kda/token_copy_call.cuh"
#include "pytorch/cat_batched.cuh"
#include "pytorch/copy_strided.cuh"

namespace {

using namespace kda;
using token_copy::Op;
using token_copy::Source;
using token_copy::TokenCopyCall;

// `to` is dense but for its batches.
pytorch::CopyPart copy_of(const TokenCopyCall& call, const Source& source, char* to, int64_t to_batch_pitch) {
  const int64_t bytes = call.element_bytes;
  return {to,
          source.data,
          {{call.run_bytes / bytes, bytes, bytes},
           {source.tokens, call.run_bytes, source.token_pitch},
           {call.batch, to_batch_pitch, source.batch_pitch}}};
}

int64_t dense_bytes(const TokenCopyCall& call, const Source& source) {
  return call.batch * source.tokens * call.run_bytes;
}

// The call's sources as cat sees them: a sliced one is dense in the workspace by then.
pytorch::CatCall cat_of(const TokenCopyCall& call, const void* workspace) {
  pytorch::CatCall cat = {call.out, {}, {}, call.batch};
  for (int i = 0; i < 2; ++i) {
    cat.data[i] = i == call.sliced ? static_cast<const char*>(workspace) : call.sources[i].data;
    cat.slice[i] = call.sources[i].tokens * call.run_bytes / call.element_bytes;
  }
  return cat;
}

// Source by source, as upstream does beyond 32-bit counts.
template <typename T>
cudaError_t copy_sources(const TokenCopyCall& call, const pytorch::CatCall& cat, void* stream) {
  char* to = call.out;
  for (int i = 0; i < 2; ++i) {
    const int64_t slice_bytes = cat.slice[i] * call.element_bytes, tokens = call.sources[i].tokens;
    const Source dense = {cat.data[i], tokens, slice_bytes, call.run_bytes};
    const cudaError_t status = pytorch::launch_copy<T>(copy_of(call, dense, to, call.out_batch_pitch()), stream);
    if (status != cudaSuccess) return status;
    to += slice_bytes;
  }
  return cudaSuccess;
}

template <typename T>
cudaError_t launch_as(const TokenCopyCall& call, void* workspace, void* stream) {
  if (call.op == Op::kCopy) {
    return pytorch::launch_copy<T>(copy_of(call, call.sources[0], call.out, call.out_batch_pitch()), stream);
  }
  if (call.op == Op::kSliceConcat) {
    const Source& prefix = call.sources[call.sliced];
    const int64_t batch_pitch = prefix.tokens * call.run_bytes;
    const cudaError_t status =
        pytorch::launch_copy<T>(copy_of(call, prefix, static_cast<char*>(workspace), batch_pitch), stream);
    if (status != cudaSuccess) return status;
  }
  const pytorch::CatCall cat = cat_of(call, workspace);
  return cat.is_in_reach() ? pytorch::launch_cat<T>(cat, stream) : copy_sources<T>(call, cat, stream);
}

int32_t describe_call(const TokenCopyCall& call, const void* workspace, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to copy");
  if (call.op == Op::kCopy) {
    return describe(route, "copy_elementwise", "op_type 0", "copy_elementwise_kernel",
                    "upstream's general path: one element an access, offsets by division");
  }
  const bool slices = call.op == Op::kSliceConcat;
  const pytorch::CatCall cat = cat_of(call, workspace);
  if (!cat.is_in_reach()) {
    return describe(route, slices ? "slice_then_copies" : "copies", "more elements than 31 bits count",
                    "copy_elementwise_kernel", "upstream copies source by source here");
  }
  if (pytorch::takes_vectors(cat, call.element_bytes)) {
    return describe(route, slices ? "slice_then_cat_vectors" : "cat_vectors", "pointers and sources are whole 16 B",
                    "cat_vectors_kernel", "upstream's vectorised batched cat");
  }
  return describe(route, slices ? "slice_then_cat_elements" : "cat_elements",
                  "a pointer or source that is not whole 16 B", "cat_elements_kernel",
                  "upstream stores one element an access here");
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  TokenCopyCall read;
  if (token_copy::read_token_copy(*call, &read) != KDA_OK || read.is_empty() || read.op != Op::kSliceConcat) return 0;
  return static_cast<size_t>(dense_bytes(read, read.sources[read.sliced]));
}

int32_t kda_launch(const KdaCall* call) {
  TokenCopyCall read;
  const int32_t status = token_copy::read_token_copy(*call, &read);
  if (status != KDA_OK) return status;
  if (read.is_empty()) return KDA_OK;
  return read.element_bytes == 4 ? status_of(launch_as<uint32_t>(read, call->workspace, call->stream))
                                 : status_of(launch_as<uint16_t>(read, call->workspace, call->stream));
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  TokenCopyCall read;
  const int32_t status = token_copy::read_token_copy(*call, &read);
  return status == KDA_OK ? describe_call(read, call->workspace, route) : describe_refusal(route);
}
