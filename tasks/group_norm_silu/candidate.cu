// candidate.cu: GroupNorm + SiLU, groups kept in registers or split over all SMs, channels-last read as it lies.
//   out = silu((x - mean) * rstd * weight[c] + bias[c]);  both entries are the same computation
// Entry points only: dispatch is in kda/group_norm_dispatch.cuh, kernels are in
// kda/group_norm_{group,split,channels_last,strided}.cuh.
#include "kda/group_norm_dispatch.cuh"

namespace {

using namespace kda;
using group_norm::GroupNormCall;

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  GroupNormCall read;
  return group_norm::read_group_norm(*call, &read) == KDA_OK ? group_norm::workspace_bytes(read) : 0;
}

int32_t kda_launch(const KdaCall* call) {
  GroupNormCall read;
  const int32_t status = group_norm::read_group_norm(*call, &read);
  return status == KDA_OK ? group_norm::launch_call(read, call->workspace, call->stream) : status;
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  GroupNormCall read;
  const int32_t status = group_norm::read_group_norm(*call, &read);
  return status == KDA_OK ? group_norm::describe_call(read, route) : describe_refusal(route);
}
