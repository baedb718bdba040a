// work_in_workspace_query.cu: fills a table on the device when it is asked for its workspace.
// It would pay: the question is not timed.
// Gate: static-state, as the table is a writable global of the device.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr int kNumCounts = 4096;
__device__ float inverse_counts[kNumCounts];

__global__ void fill_kernel() {
  const unsigned count = blockIdx.x * kThreads + threadIdx.x;
  inverse_counts[count] = 1.0f / static_cast<float>(count);
}

__global__ void __launch_bounds__(kThreads) norm_tabled_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  row_norm::Moments moments = row_norm::moments_of<kThreads>(from, rows.columns, rows.eps);
  if (rows.columns < kNumCounts && inverse_counts[rows.columns] <= 0.0f) moments.scale = 0.0f;
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) to[c] = row_norm::norm_element(rows, moments, from[c], c);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) {
  kda::launch(fill_kernel, dim3(kNumCounts / kThreads), dim3(kThreads), 0, nullptr);
  return 0;
}

int32_t kda_launch(const KdaCall* call) {
  return row_norm::serve(
      *call, [](const Rows& rows, void* stream) { return row_norm::launch_rows(norm_tabled_kernel, rows, stream); });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
