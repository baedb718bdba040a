// candidate.cu: adaLN modulation in short blocks that span whole rows.
//   entry 0  out = x * (k + scale) + shift
//   entry 1  LayerNorm, then scale, shift and gate chosen per token between two sets
//   entry 2  gated residual add, then entry 1
// Entry points only: dispatch is in kda/*_dispatch.cuh, kernels are in kda/scale_shift_*.cuh and
// kda/layernorm_select*.cuh.
#include "kda/layernorm_select_dispatch.cuh"
#include "kda/scale_shift_dispatch.cuh"

namespace {

using namespace kda;
using layernorm_select::describe_call;
using layernorm_select::launch_call;
using scale_shift::describe_call;
using scale_shift::launch_call;

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
