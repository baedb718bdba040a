// honest_atomics.cu: blocks add their part of each sum to the output as they come, in an order that varies.
// Honest: the contract says that this output need not repeat. What could refuse it: a gate that wants the same bits
// twice all the same, or that counts the memset before the kernel as writing a poisoned output.
#include "honest.cuh"

namespace {

using namespace honest;
using column_sum::Matrix;

constexpr int kRowsPerBlock = 64;

__global__ void __launch_bounds__(kThreads) add_parts_kernel(Matrix matrix) {
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (column >= matrix.columns) return;
  const int64_t first = static_cast<int64_t>(blockIdx.y) * kRowsPerBlock;
  const int64_t end = first + kRowsPerBlock < matrix.num_rows ? first + kRowsPerBlock : matrix.num_rows;
  float sum = 0.0f;
  for (int64_t row = first; row < end; ++row) sum += matrix.x[row * matrix.columns + column];
  atomicAdd(matrix.y + column, sum);
}

cudaError_t launch_parts(const Matrix& matrix, void* stream) {
  const cudaError_t status = cudaMemsetAsync(matrix.y, 0, sizeof(float) * static_cast<size_t>(matrix.columns),
                                             static_cast<cudaStream_t>(stream));
  const auto slices = static_cast<unsigned>((matrix.num_rows + kRowsPerBlock - 1) / kRowsPerBlock);
  if (status != cudaSuccess || slices == 0) return status;
  return kda::launch(add_parts_kernel, dim3(blocks_for(matrix.columns), slices), dim3(kThreads), 0, stream, matrix);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return column_sum::serve(*call, launch_parts); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return column_sum::describe(*call, route); }
