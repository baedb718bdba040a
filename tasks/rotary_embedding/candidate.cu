// candidate.cu: rotary embeddings of adjacent pairs and of half heads, in 16 B vectors along the head.
//   entry 0  out[2j], out[2j+1] = rotate(x[2j], x[2j+1], cos[t, j], sin[t, j])
//   entry 1  out[j], out[j+h] = rotate_split(x[j], x[j+h], cos[b, head, s, j], sin[b, head, s, j])
// Entry points only: dispatch is in kda/rotary_dispatch.cuh, kernels are in kda/rotary_{pairs,split,elements}.cuh.
#include "kda/rotary_dispatch.cuh"

namespace {

using namespace kda;

// Reads the call and hands it to `body`, or refuses it.
template <typename Body>
int32_t with_call(const KdaCall& call, Body body) {
  if (call.entry == 0) {
    rotary::PairsCall read;
    const int32_t status = rotary::read_pairs(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  if (call.entry == 1) {
    rotary::SplitCall read;
    const int32_t status = rotary::read_split(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  return KDA_INVALID_ARGUMENT;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  return with_call(*call, [&](const auto& read) { return rotary::launch_call(read, call->stream); });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  const int32_t status = with_call(*call, [&](const auto& read) { return rotary::describe_call(read, route); });
  if (status == KDA_INVALID_ARGUMENT) describe_refusal(route);
  return status;
}
