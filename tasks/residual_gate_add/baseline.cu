// baseline.cu: what the models run today, ported; see LINEAGE.toml in baselines/sglang and baselines/pytorch.
//   entry 0  out = residual + update * gate: sglang's Triton kernel for scale and shift
//   entry 1  out[0, s, p, d] = a[0, 0, p, d] + b[0, s, p, d]: PyTorch's torch.add
#include "kda/gated_residual_call.cuh"
#include "kda/route.cuh"
#include "pytorch/add_broadcast.cuh"
#include "sglang/residual_gate_add.cuh"

namespace {

using namespace kda;
using gated_residual::BroadcastAddCall;
using modulation::Dtype;
using modulation::ScaleShiftCall;

int32_t describe_call(const ScaleShiftCall& call, KdaRoute* route) {
  switch (sglang::path_of(call)) {
    case sglang::ScaleShiftPath::kEmpty:
      return describe(route, "empty", "no elements", "none", "nothing to compute");
    case sglang::ScaleShiftPath::kTile:
      return describe(route, "blc_tile", "rows and pointers are whole 16 B", "scale_shift_blc_tile_kernel",
                      "upstream's 128 x 128 tile kernel");
    default:
      return describe(route, "blc_strided", "rows or pointers are not whole 16 B", "scale_shift_strided_kernel",
                      "upstream's accesses narrow to one element here");
  }
}

int32_t describe_call(const BroadcastAddCall& call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to compute");
  return describe(route, "add_elementwise", "a broadcasts over the frames of b", "add_elementwise_kernel",
                  "upstream's general path: one element an access, offsets by division");
}

template <typename T>
int32_t launch_as(const ScaleShiftCall& call, void* stream) {
  return status_of(sglang::launch_residual_gate_add<T>(call, stream));
}

template <typename T>
int32_t launch_as(const BroadcastAddCall& call, void* stream) {
  return status_of(pytorch::launch_add<T>({static_cast<T*>(call.out), static_cast<const T*>(call.a),
                                           static_cast<const T*>(call.b), call.frames, call.period, call.period},
                                          stream));
}

template <typename Call>
int32_t launch_call(const Call& call, void* stream) {
  if (call.is_empty()) return KDA_OK;
  switch (call.dtype) {
    case Dtype::kBf16:
      return launch_as<__nv_bfloat16>(call, stream);
    case Dtype::kF16:
      return launch_as<__half>(call, stream);
    default:
      return launch_as<float>(call, stream);
  }
}

// Reads the call and hands it to `body`, or refuses it.
template <typename Body>
int32_t with_call(const KdaCall& call, Body body) {
  if (call.entry == 0) {
    ScaleShiftCall read;
    const int32_t status = gated_residual::read_residual_gate_add(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  if (call.entry == 1) {
    BroadcastAddCall read;
    const int32_t status = gated_residual::read_broadcast_add(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  return KDA_INVALID_ARGUMENT;
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
