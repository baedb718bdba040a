// baseline.cu: sums over rows; f32, in a fixed order.
//   y[c] = sum of x[r, c] over r;  x: [rows, columns] dense
// Moves 4 * rows * columns B (x in). Bound: HBM.
// Grid: a block for 32 columns; its warps take the rows in turn and meet in shared memory.
#include "kda/launch.cuh"
#include "kda/route.cuh"
#include "kda/tensor.cuh"

namespace {

constexpr int kWarps = 8;

__global__ void __launch_bounds__(32 * kWarps)
sum_columns_kernel(const float* x, float* y, int64_t rows, int64_t columns) {
  __shared__ float partials[kWarps][32];
  const int64_t column = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
  float sum = 0.0f;
  if (column < columns) {
    for (int64_t row = threadIdx.y; row < rows; row += kWarps) sum += x[row * columns + column];
  }
  partials[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= columns) return;
  for (int warp = 1; warp < kWarps; ++warp) sum += partials[warp][threadIdx.x];
  y[column] = sum;
}

bool is_legal(const KdaCall& call) {
  const KdaTensor &x = *call.tensors[0], &y = *call.tensors[1];
  for (const KdaTensor* tensor : {&x, &y}) {
    if (tensor->device.device_type != KDA_DEVICE_CUDA || !kda::is_f32(*tensor) || !kda::is_dense(*tensor)) return false;
  }
  return x.ndim == 2 && kda::has_shape(y, {x.shape[1]});
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  if (!is_legal(*call)) return KDA_INVALID_ARGUMENT;
  const KdaTensor &x = *call->tensors[0], &y = *call->tensors[1];
  if (kda::numel(y) == 0) return KDA_OK;
  const auto blocks = static_cast<unsigned>((x.shape[1] + 31) / 32);
  return kda::status_of(kda::launch(sum_columns_kernel, dim3(blocks), dim3(32, kWarps), 0, call->stream,
                                    kda::elements<const float>(x), kda::elements<float>(y), x.shape[0], x.shape[1]));
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  if (!is_legal(*call)) return kda::describe_refusal(route);
  return kda::describe(route, "any", "always", "sum_columns_kernel", "there is one kernel");
}
