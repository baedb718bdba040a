// honest_cooperative.cu: four blocks sum a matrix of few columns together and meet through mailboxes in the workspace.
// Honest: all blocks run at the same time and end with the launch. What could refuse it: a graph gate that refuses the
// cooperative attribute, or one that takes blocks which wait for memory for a persistent kernel.
#include "honest.cuh"
#include "kda/cooperative.cuh"

namespace {

using namespace honest;
using column_sum::Matrix;

constexpr unsigned kBlocks = 4;

// Never 0, which says that a mailbox is empty.
__device__ __forceinline__ unsigned long long packed(float sum) { return 1ull << 32 | __float_as_uint(sum); }

__device__ __forceinline__ float unpacked(unsigned long long message) {
  return __uint_as_float(static_cast<unsigned>(message));
}

// mailboxes: [kBlocks, columns]
__global__ void __launch_bounds__(kThreads) sum_together_kernel(Matrix matrix, unsigned long long* mailboxes) {
  for (int64_t column = threadIdx.x; column < matrix.columns; column += kThreads) {
    float sum = 0.0f;
    for (int64_t row = blockIdx.x; row < matrix.num_rows; row += kBlocks) {
      sum += matrix.x[row * matrix.columns + column];
    }
    kda::post(mailboxes + blockIdx.x * matrix.columns + column, packed(sum));
  }
  for (int64_t column = threadIdx.x; column < matrix.columns; column += kThreads) {
    if (column % kBlocks != blockIdx.x) continue;
    float sum = 0.0f;
    for (unsigned block = 0; block < kBlocks; ++block) {
      sum += unpacked(kda::wait_for(mailboxes + block * matrix.columns + column));
    }
    matrix.y[column] = sum;
  }
}

size_t mailbox_bytes(const Matrix& matrix) {
  return sizeof(unsigned long long) * kBlocks * static_cast<size_t>(matrix.columns);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  Matrix matrix;
  return column_sum::read(*call, &matrix) ? mailbox_bytes(matrix) : 0;
}

int32_t kda_launch(const KdaCall* call) {
  return column_sum::serve(*call, [&](const Matrix& matrix, void* stream) {
    auto* const mailboxes = static_cast<unsigned long long*>(call->workspace);
    const cudaError_t status =
        cudaMemsetAsync(mailboxes, 0, mailbox_bytes(matrix), static_cast<cudaStream_t>(stream));
    if (status != cudaSuccess) return status;
    return kda::launch_cooperative(sum_together_kernel, dim3(kBlocks), dim3(kThreads), 0, stream, matrix, mailboxes);
  });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return column_sum::describe(*call, route); }
