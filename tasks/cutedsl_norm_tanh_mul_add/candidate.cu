// candidate.cu: norm, tanh gate and residual add, rows read once, tanh once for several rows.
//   entry 0  y = norm(x) * tanh(scale) + shift
//   entry 1  that, and y2 = norm(y) * (1 + scale2)
// Entry points only: dispatch is in kda/norm_tanh_dispatch.cuh, the kernel in kda/norm_tanh_rows.cuh.
#include "kda/norm_tanh_dispatch.cuh"

using namespace kda;

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  norm_modulation::NormTanhCall read;
  const int32_t status = norm_modulation::read_norm_tanh(*call, &read);
  return status == KDA_OK ? norm_modulation::launch_call(read, call->stream) : status;
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  norm_modulation::NormTanhCall read;
  const int32_t status = norm_modulation::read_norm_tanh(*call, &read);
  return status == KDA_OK ? norm_modulation::describe_call(read, route) : describe_refusal(route);
}
