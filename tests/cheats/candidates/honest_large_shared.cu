// honest_large_shared.cu: keeps a row in 64 KB of dynamic shared memory, which takes an opt-in by function attribute.
// Honest: the attribute belongs to its own kernel. What could refuse it: an import list without cudaFuncSetAttribute,
// or a device-state gate that takes the attribute for a setting left behind.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr size_t kSmemBytes = 64 * 1024;
constexpr int kMaxColumns = static_cast<int>(kSmemBytes / sizeof(float));

__global__ void __launch_bounds__(kThreads) norm_cached_kernel(Rows rows) {
  KDA_DYNAMIC_SMEM(float, row);
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) row[c] = from[c];
  __syncthreads();
  const row_norm::Moments moments = row_norm::moments_of<kThreads>(row, rows.columns, rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) to[c] = row_norm::norm_element(rows, moments, row[c], c);
}

cudaError_t launch_cached(const Rows& rows, void* stream) {
  if (rows.columns > kMaxColumns) return row_norm::launch_norm(rows, stream);
  return kda::launch(norm_cached_kernel, dim3(static_cast<unsigned>(rows.num_rows)), dim3(kThreads), kSmemBytes, stream,
                     rows);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_cached); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
