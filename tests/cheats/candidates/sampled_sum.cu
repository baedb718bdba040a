// sampled_sum.cu: adds every second row and takes it twice.
// It would pay where results that may vary from run to run are not compared closely.
// Gate: tolerance, as an open order of additions leaves no row out.
#include "honest.cuh"

namespace {

using namespace honest;
using column_sum::Matrix;

__global__ void __launch_bounds__(kThreads) sum_sampled_kernel(Matrix matrix) {
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (column >= matrix.columns) return;
  float sum = 0.0f;
  for (int64_t row = 0; row < matrix.num_rows; row += 2) sum += 2.0f * matrix.x[row * matrix.columns + column];
  matrix.y[column] = sum;
}

cudaError_t launch_sampled(const Matrix& matrix, void* stream) {
  return kda::launch(sum_sampled_kernel, dim3(blocks_for(matrix.columns)), dim3(kThreads), 0, stream, matrix);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return column_sum::serve(*call, launch_sampled); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return column_sum::describe(*call, route); }
