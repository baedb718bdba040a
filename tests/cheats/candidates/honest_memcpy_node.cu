// honest_memcpy_node.cu: copies the sums' first rows to the output by a memcpy node, then adds the other rows in place.
// Honest: both ends of the copy are buffers of the call. What could refuse it: a graph gate that refuses memcpy nodes,
// or one that takes a copied input for a passthrough.
#include "honest.cuh"

namespace {

using namespace honest;
using column_sum::Matrix;

__global__ void __launch_bounds__(kThreads) add_rows_kernel(Matrix matrix) {
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (column >= matrix.columns) return;
  float sum = matrix.y[column];
  // In groups, so that the error grows with the root of the rows and not with their number.
  constexpr int64_t kGroup = 32;
  for (int64_t first = 1; first < matrix.num_rows; first += kGroup) {
    float group = 0.0f;
    for (int64_t row = first; row < matrix.num_rows && row < first + kGroup; ++row) {
      group += matrix.x[row * matrix.columns + column];
    }
    sum += group;
  }
  matrix.y[column] = sum;
}

cudaError_t launch_copy_and_add(const Matrix& matrix, void* stream) {
  const size_t row_bytes = sizeof(float) * static_cast<size_t>(matrix.columns);
  const auto cuda_stream = static_cast<cudaStream_t>(stream);
  if (matrix.num_rows == 0) return cudaMemsetAsync(matrix.y, 0, row_bytes, cuda_stream);
  const cudaError_t status = cudaMemcpyAsync(matrix.y, matrix.x, row_bytes, cudaMemcpyDeviceToDevice, cuda_stream);
  if (status != cudaSuccess) return status;
  return kda::launch(add_rows_kernel, dim3(blocks_for(matrix.columns)), dim3(kThreads), 0, stream, matrix);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return column_sum::serve(*call, launch_copy_and_add); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return column_sum::describe(*call, route); }
