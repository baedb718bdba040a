// candidate.cu: LayerNorm and RMS norm, several short rows a warp or one long row a block.
//   entry 0  out = (x - mean) * rsqrt(var + eps) [* weight] [+ bias], or x * rsqrt(mean(x^2) + eps) [* weight] [+ bias]
//   entry 1  out = x * rsqrt(mean(x^2) + eps) * w
// Entry points only: dispatch is in kda/norm_infer_dispatch.cuh, kernels in kda/norm_infer_{heads,rows,elements}.cuh.
#include "kda/norm_infer_dispatch.cuh"

namespace {

using namespace kda;
using norm_infer::NormCall;

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  return norm_infer::with_call(
      *call, [&](const NormCall& read) { return norm_infer::launch_call(read, call->stream); });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  const int32_t status =
      norm_infer::with_call(*call, [&](const NormCall& read) { return norm_infer::describe_call(read, route); });
  if (status == KDA_INVALID_ARGUMENT) describe_refusal(route);
  return status;
}
