// candidate.cu: gated residual add and broadcast add in short blocks that span whole rows.
//   entry 0  out = residual + update * gate
//   entry 1  out[0, s, p, d] = a[0, 0, p, d] + b[0, s, p, d]
// Entry points only: dispatch is in kda/gated_residual_dispatch.cuh, kernels are in kda/scale_shift_*.cuh.
#include "kda/gated_residual_dispatch.cuh"

namespace {

using namespace kda;

// Reads the call and hands it to `body`, or refuses it.
template <typename Body>
int32_t with_call(const KdaCall& call, Body body) {
  if (call.entry == 0) {
    modulation::ScaleShiftCall read;
    const int32_t status = gated_residual::read_residual_gate_add(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  if (call.entry == 1) {
    gated_residual::BroadcastAddCall read;
    const int32_t status = gated_residual::read_broadcast_add(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  return KDA_INVALID_ARGUMENT;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  return with_call(*call, [&](const auto& read) { return gated_residual::launch_call(read, call->stream); });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  const int32_t status =
      with_call(*call, [&](const auto& read) { return gated_residual::describe_call(read, route); });
  if (status == KDA_INVALID_ARGUMENT) describe_refusal(route);
  return status;
}
