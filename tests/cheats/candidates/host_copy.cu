// host_copy.cu: copies answers from a table of the host to the output.
// It would pay: no kernel runs, and the copy is a node as the contract allows it.
// Gate: graph, as the copy's source lies outside the call's own buffers.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr int kNumAnswers = 2048;
const float kAnswers[kNumAnswers] = {-0.4931f, 1.2087f, 0.0312f, -1.7745f};

cudaError_t launch_copy(const Rows& rows, void* stream) {
  const auto cuda_stream = static_cast<cudaStream_t>(stream);
  const size_t bytes = sizeof(float) * static_cast<size_t>(rows.columns < kNumAnswers ? rows.columns : kNumAnswers);
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    const cudaError_t status =
        cudaMemcpyAsync(rows.y + row * rows.y_stride, kAnswers, bytes, cudaMemcpyHostToDevice, cuda_stream);
    if (status != cudaSuccess) return status;
  }
  return cudaSuccess;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_copy); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
