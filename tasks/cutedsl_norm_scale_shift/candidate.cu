// candidate.cu: norms with modulation, a row read once, one barrier a sum.
//   entry 0  y = norm(x) * (1 + scale) + shift
//   entry 1  res_out = residual + gate * x;  y = norm(res_out) * (1 + scale) + shift
// Entry points only: dispatch is in kda/norm_scale_shift_dispatch.cuh, the kernel in kda/norm_scale_shift_rows.cuh.
#include "kda/norm_scale_shift_dispatch.cuh"

using namespace kda;

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  norm_modulation::NormScaleShiftCall read;
  const int32_t status = norm_modulation::read_norm_scale_shift(*call, &read);
  return status == KDA_OK ? norm_modulation::launch_call(read, call->stream) : status;
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  norm_modulation::NormScaleShiftCall read;
  const int32_t status = norm_modulation::read_norm_scale_shift(*call, &read);
  return status == KDA_OK ? norm_modulation::describe_call(read, route) : describe_refusal(route);
}
