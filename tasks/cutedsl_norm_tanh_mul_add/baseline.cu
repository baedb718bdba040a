// baseline.cu: sglang's CuTe kernel of norm, tanh gate and residual add, ported; see baselines/sglang/LINEAGE.toml.
//   entry 0  y = norm(x) * tanh(scale) + shift
//   entry 1  that, and y2 = norm(y) * (1 + scale2)
#include "kda/norm_modulation_call.cuh"
#include "kda/route.cuh"
#include "sglang/norm_tanh_mul_add.cuh"

namespace {

using namespace kda;
using norm_modulation::NormTanhCall;

int32_t describe_call(const NormTanhCall& call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "x has no rows", "none", "nothing to compute");
  const bool is_typed = norm_modulation::with_kinds(call, []<typename Kinds>(Kinds) { return Kinds::kIsTyped; });
  if (is_typed) {
    return describe(route, call.is_dual ? "dual" : "single", "one dtype, both norms affine or neither",
                    "norm_tanh_mul_add_kernel", "upstream's kernel: one row a block, 8 elements a thread");
  }
  return describe(route, call.is_dual ? "dual_mixed" : "single_mixed", "several dtypes, or one norm affine",
                  "norm_tanh_mul_add_kernel", "upstream compiles one more kernel here; dtypes are looked up instead");
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  NormTanhCall read;
  const int32_t status = norm_modulation::read_norm_tanh(*call, &read);
  if (status != KDA_OK || read.is_empty()) return status;
  return status_of(sglang::launch_norm_tanh_mul_add(read, call->stream));
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  NormTanhCall read;
  const int32_t status = norm_modulation::read_norm_tanh(*call, &read);
  return status == KDA_OK ? describe_call(read, route) : describe_refusal(route);
}
