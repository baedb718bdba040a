// baseline.cu: sglang's Triton kernels of adaLN modulation, ported; see baselines/sglang/LINEAGE.toml.
//   entry 0  out = x * (k + scale) + shift
//   entry 1  LayerNorm, then scale, shift and gate chosen per token between two sets
//   entry 2  gated residual add, then entry 1
#include "kda/route.cuh"
#include "sglang/fuse_layernorm_select01.cuh"
#include "sglang/fuse_scale_shift.cuh"

namespace {

using namespace kda;

int32_t describe_call(const modulation::ScaleShiftCall& call, KdaRoute* route) {
  switch (sglang::path_of(call)) {
    case sglang::ScaleShiftPath::kEmpty:
      return describe(route, "empty", "x has no elements", "none", "nothing to compute");
    case sglang::ScaleShiftPath::kFrame:
      return describe(route, "frames_4d", "scale is [B, F, 1, C] and everything takes 16 B accesses",
                      "scale_shift_4d_frame_kernel", "upstream's kernel for one scale row a frame");
    case sglang::ScaleShiftPath::kTile:
      if (call.constant == 0.0 || call.constant == 1.0) {
        return describe(route, "blc_tile", "dense channels, 16 B accesses, scale_constant 0 or 1",
                        "scale_shift_blc_tile_kernel", "upstream's 128 x 128 tile kernel");
      }
      [[fallthrough]];
    default:
      return describe(route, "blc_strided",
                      "scalars, odd strides or alignment, promoted dtypes, or another scale_constant",
                      "scale_shift_strided_kernel", "upstream's accesses narrow to one element here");
  }
}

int32_t describe_call(const modulation::SelectCall& call, KdaRoute* route) {
  switch (sglang::path_of(call)) {
    case sglang::SelectPath::kEmpty:
      return describe(route, "empty", "x has no elements", "none", "nothing to compute");
    case sglang::SelectPath::kRow:
      return describe(route, call.has_residual ? "residual_layernorm_row" : "layernorm_row",
                      "everything takes 16 B accesses and a row has at most 1024 of them",
                      "layernorm_select01_row_kernel", "upstream's kernel, a row in registers");
    default:
      return describe(route, call.has_residual ? "residual_layernorm_strided" : "layernorm_strided",
                      "odd strides or alignment, or a longer row", "layernorm_select01_strided_kernel",
                      "upstream's accesses narrow to one element, or its registers spill, here");
  }
}

template <typename Call>
int32_t launch_unless_empty(const Call& call, cudaError_t (*launch_call)(const Call&, void*), void* stream) {
  if (call.is_empty()) return KDA_OK;
  return status_of(launch_call(call, stream));
}

// Reads the call and hands it to `body`, or refuses it.
template <typename Body>
int32_t with_call(const KdaCall& call, Body body) {
  if (call.entry == 0) {
    modulation::ScaleShiftCall read;
    const int32_t status = modulation::read_scale_shift(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  if (call.entry == 1 || call.entry == 2) {
    modulation::SelectCall read;
    const int32_t status = modulation::read_select(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  return KDA_INVALID_ARGUMENT;
}

int32_t launch_call(const modulation::ScaleShiftCall& call, void* stream) {
  return launch_unless_empty(call, &sglang::launch_scale_shift, stream);
}

int32_t launch_call(const modulation::SelectCall& call, void* stream) {
  return launch_unless_empty(call, &sglang::launch_select, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  return with_call(*call, [&](const auto& read) { return launch_call(read, call->stream); });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  const int32_t status = with_call(*call, [&](const auto& read) { return describe_call(read, route); });
  if (status == KDA_INVALID_ARGUMENT) describe_refusal(route);
  return status;
}
