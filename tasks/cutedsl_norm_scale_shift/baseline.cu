// baseline.cu: sglang's CuTe kernel of norms with modulation, ported; see baselines/sglang/LINEAGE.toml.
//   entry 0  y = norm(x) * (1 + scale) + shift
//   entry 1  res_out = residual + gate * x;  y = norm(res_out) * (1 + scale) + shift
#include "kda/norm_modulation_call.cuh"
#include "kda/route.cuh"
#include "sglang/norm_scale_shift.cuh"

namespace {

using namespace kda;
using norm_modulation::NormScaleShiftCall;

int32_t describe_call(const NormScaleShiftCall& call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "x has no rows", "none", "nothing to compute");
  const bool is_typed =
      norm_modulation::with_kinds(call, []<typename Kinds>(Kinds) { return Kinds::kIsTyped; });
  if (is_typed) {
    return describe(route, call.has_residual ? "residual_norm" : "norm", "dtypes of production and of the riders",
                    "norm_scale_shift_kernel", "upstream's kernel: one row a block, 8 elements a thread");
  }
  return describe(route, call.has_residual ? "residual_norm_mixed" : "norm_mixed", "any other dtypes or single values",
                  "norm_scale_shift_kernel", "upstream compiles one more kernel here; dtypes are looked up instead");
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  NormScaleShiftCall read;
  const int32_t status = norm_modulation::read_norm_scale_shift(*call, &read);
  if (status != KDA_OK || read.is_empty()) return status;
  return status_of(sglang::launch_norm_scale_shift(read, call->stream));
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  NormScaleShiftCall read;
  const int32_t status = norm_modulation::read_norm_scale_shift(*call, &read);
  return status == KDA_OK ? describe_call(read, route) : describe_refusal(route);
}
