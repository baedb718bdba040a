// persisting_policy.cu: creates a cache policy that evicts last, and loads its input by it.
// It would pay as persisting_hint does, by an instruction whose name does not say so.
// Gate: instructions, as the policy is created by one.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__device__ __forceinline__ float load_by_policy(const float* from) {
  unsigned long long policy;
  float value;
  asm volatile("createpolicy.fractional.L2::evict_last.b64 %0, 1.0;" : "=l"(policy));
  asm volatile("ld.global.L2::cache_hint.f32 %0, [%1], %2;" : "=f"(value) : "l"(from), "l"(policy));
  return value;
}

__global__ void __launch_bounds__(kThreads) norm_keeping_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  const row_norm::Moments moments = row_norm::moments_of<kThreads>(from, rows.columns, rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    to[c] = row_norm::norm_element(rows, moments, load_by_policy(from + c), c);
  }
}

cudaError_t launch_keeping(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_keeping_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_keeping); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
