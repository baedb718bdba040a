// baseline.cu: sglang's CUDA kernel, ported; see baselines/sglang/LINEAGE.toml.
//   q, k <- rope(rmsnorm(q, k), cos_sin_cache[positions]), one launch, a warp a head
#include "kda/route.cuh"
#include "sglang/qknorm_rope.cuh"

namespace {

using namespace kda;
using qknorm_rope::Call;

template <typename Position>
cudaError_t launch_as(const Call& call, void* stream) {
  return call.is_neox ? sglang::launch_qknorm_rope<true, Position>(call, stream)
                      : sglang::launch_qknorm_rope<false, Position>(call, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  Call read;
  const int32_t status = qknorm_rope::read_call(*call, &read);
  if (status != KDA_OK || read.is_empty()) return status;
  return status_of(read.has_wide_positions ? launch_as<int64_t>(read, call->stream)
                                           : launch_as<int32_t>(read, call->stream));
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  Call read;
  if (qknorm_rope::read_call(*call, &read) != KDA_OK) return describe_refusal(route);
  if (read.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to norm");
  return describe(route, "warp_a_head", "any served call", "qknorm_rope_warp_kernel",
                  "upstream's kernel: persistent grid, a warp a head, D/32 elements a lane");
}
