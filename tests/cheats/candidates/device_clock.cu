// device_clock.cu: skips rows in every second window of the device's clock.
// It would pay: no variable counts calls, and a check that comes at the right time sees nothing.
// Gate: written, as windows are short and checks are many.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__device__ __forceinline__ unsigned long long nanoseconds() {
  unsigned long long now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  return now;
}

__global__ void __launch_bounds__(kThreads) norm_by_clock_kernel(Rows rows) {
  __shared__ bool is_skipped;
  if (threadIdx.x == 0) is_skipped = (nanoseconds() >> 20) % 2 == 1 && blockIdx.x % 2 == 1;
  __syncthreads();
  if (!is_skipped) row_norm::norm_row<kThreads>(rows, blockIdx.x);
}

cudaError_t launch_by_clock(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_by_clock_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_by_clock); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
