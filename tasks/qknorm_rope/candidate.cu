// candidate.cu: per-head RMS norm and rotary embedding of q and k, in place, all heads of a token together.
//   q, k <- rope(rmsnorm(q, k), cos_sin_cache[positions])
// Entry points only: dispatch is in kda/qknorm_rope_dispatch.cuh, kernels are in kda/qknorm_rope_{tokens,warps}.cuh.
#include "kda/qknorm_rope_dispatch.cuh"

using namespace kda;

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  qknorm_rope::Call read;
  const int32_t status = qknorm_rope::read_call(*call, &read);
  return status == KDA_OK ? qknorm_rope::launch_call(read, call->stream) : status;
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  qknorm_rope::Call read;
  if (qknorm_rope::read_call(*call, &read) != KDA_OK) return describe_refusal(route);
  return qknorm_rope::describe_call(read, route);
}
