// honest_memset_and_kernel.cu: a counter in the workspace, set to 0 by a memset node, hands rows out to the blocks.
// Honest: which block takes a row varies, what the row holds does not. What could refuse it: a graph gate that refuses
// memset nodes or takes atomics for unsteady results.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr unsigned kBlocks = 64;

__global__ void __launch_bounds__(kThreads) norm_queue_kernel(Rows rows, unsigned* next) {
  __shared__ unsigned taken;
  for (;;) {
    if (threadIdx.x == 0) taken = atomicAdd(next, 1u);
    __syncthreads();
    const int64_t row = taken;
    if (row >= rows.num_rows) return;
    row_norm::norm_row<kThreads>(rows, row);
    __syncthreads();
  }
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  Rows rows;
  return row_norm::read(*call, &rows) ? sizeof(unsigned) : 0;
}

int32_t kda_launch(const KdaCall* call) {
  return row_norm::serve(*call, [&](const Rows& rows, void* stream) {
    auto* const next = static_cast<unsigned*>(call->workspace);
    const cudaError_t status = cudaMemsetAsync(next, 0, sizeof *next, static_cast<cudaStream_t>(stream));
    if (status != cudaSuccess) return status;
    return kda::launch(norm_queue_kernel, dim3(kBlocks), dim3(kThreads), 0, stream, rows, next);
  });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
