// baseline.cu: sglang's two Triton kernels, ported; see baselines/sglang/LINEAGE.toml.
//   entry 0  adjacent pairs; interleaved cos and sin of width D are first copied contiguous, as PyTorch does it
//   entry 1  half heads
#include "kda/rotary_call.cuh"
#include "kda/route.cuh"
#include "pytorch/copy_strided.cuh"
#include "sglang/rotary_pairs.cuh"
#include "sglang/rotary_split.cuh"

namespace {

using namespace kda;
using rotary::PairsCall;
using rotary::SplitCall;

int64_t table_elements(const PairsCall& call) { return call.table_rows * call.half; }

size_t workspace_bytes(const PairsCall& call) {
  if (call.is_empty() || call.column_step == 1) return 0;
  return static_cast<size_t>(2 * table_elements(call)) * sizeof(float);
}

size_t workspace_bytes(const SplitCall&) { return 0; }

// table[:, 0::2], dense.
cudaError_t copy_even_columns(const PairsCall& call, const float* table, float* to, void* stream) {
  constexpr int64_t kBytes = sizeof(float);
  const pytorch::CopyPart part = {reinterpret_cast<char*>(to),
                                  reinterpret_cast<const char*>(table),
                                  {{call.half, kBytes, 2 * kBytes},
                                   {call.table_rows, call.half * kBytes, 2 * call.half * kBytes},
                                   {1, 0, 0}}};
  return pytorch::launch_copy<uint32_t>(part, stream);
}

template <typename T>
cudaError_t launch_as(const PairsCall& call, void* workspace, void* stream) {
  if (call.column_step == 1) return sglang::launch_pairs<T>(call, call.cos, call.sin, stream);
  float* const cos = static_cast<float*>(workspace);
  float* const sin = cos + table_elements(call);
  cudaError_t status = copy_even_columns(call, call.cos, cos, stream);
  if (status == cudaSuccess) status = copy_even_columns(call, call.sin, sin, stream);
  return status == cudaSuccess ? sglang::launch_pairs<T>(call, cos, sin, stream) : status;
}

template <typename T>
cudaError_t launch_as(const SplitCall& call, void*, void* stream) {
  return sglang::launch_split<T>(call, stream);
}

template <typename Call>
int32_t launch_call(const Call& call, void* workspace, void* stream) {
  if (call.is_empty()) return KDA_OK;
  return status_of(call.is_bf16 ? launch_as<__nv_bfloat16>(call, workspace, stream)
                                : launch_as<__half>(call, workspace, stream));
}

int32_t describe_call(const PairsCall& call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to rotate");
  if (call.column_step != 1) {
    return describe(route, "copies_then_pairs", "interleaved, cos and sin of width D", "rotary_pairs_heads4_kernel",
                    "upstream copies the even columns of cos and sin first, two launches more");
  }
  return describe(route, "pairs", "cos and sin of width D/2", "rotary_pairs_heads4_kernel",
                  "upstream's kernel, 4 heads a block, tiles of 64 pairs (32 up to D = 64)");
}

int32_t describe_call(const SplitCall& call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to rotate");
  return describe(route, "split_tile", "any served call", "rotary_split_tile_kernel",
                  "upstream's tile of 16 heads by h, h a constant for 32 and 64");
}

// Reads the call and hands it to `body`, or refuses it.
template <typename Body>
int32_t with_call(const KdaCall& call, Body body) {
  if (call.entry == 0) {
    PairsCall read;
    const int32_t status = rotary::read_pairs(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  if (call.entry == 1) {
    SplitCall read;
    const int32_t status = rotary::read_split(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  return KDA_INVALID_ARGUMENT;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  size_t bytes = 0;
  with_call(*call, [&](const auto& read) {
    bytes = workspace_bytes(read);
    return KDA_OK;
  });
  return bytes;
}

int32_t kda_launch(const KdaCall* call) {
  return with_call(*call, [&](const auto& read) { return launch_call(read, call->workspace, call->stream); });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  const int32_t status = with_call(*call, [&](const auto& read) { return describe_call(read, route); });
  if (status == KDA_INVALID_ARGUMENT) describe_refusal(route);
  return status;
}
