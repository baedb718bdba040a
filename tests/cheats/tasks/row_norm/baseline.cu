// baseline.cu: LayerNorm over rows; f32.
//   y = (x - mean) / sqrt(variance + eps) * weight + bias
//   x, y: [rows, columns], rows may be strided;  weight, bias: [columns]
// Moves 8 * rows * columns B (x in; y out), the parameters once. Bound: HBM.
// Grid: one block a row. Statistics are relative to the row's first element, so that a large offset costs no precision.
#include "kda/launch.cuh"
#include "kda/reduce.cuh"
#include "kda/route.cuh"
#include "kda/tensor.cuh"

namespace {

constexpr int kThreads = 128;

__global__ void __launch_bounds__(kThreads)
norm_rows_kernel(const float* x, const float* weight, const float* bias, float* y, int64_t x_stride, int64_t y_stride,
                 int columns, float eps) {
  const float* const from = x + blockIdx.x * x_stride;
  float* const to = y + blockIdx.x * y_stride;
  const float origin = from[0];
  float sum = 0.0f;
  for (int c = threadIdx.x; c < columns; c += kThreads) sum += from[c] - origin;
  const float mean = kda::block_sum<kThreads, 0>(sum) / static_cast<float>(columns);
  float squares = 0.0f;
  for (int c = threadIdx.x; c < columns; c += kThreads) {
    const float centred = from[c] - origin - mean;
    squares += centred * centred;
  }
  const float variance = kda::block_sum<kThreads, 1>(squares) / static_cast<float>(columns);
  const float scale = 1.0f / sqrtf(variance + eps);
  for (int c = threadIdx.x; c < columns; c += kThreads) {
    to[c] = (from[c] - origin - mean) * scale * weight[c] + bias[c];
  }
}

bool is_legal(const KdaCall& call) {
  for (int i = 0; i < 4; ++i) {
    const KdaTensor& tensor = *call.tensors[i];
    if (tensor.device.device_type != KDA_DEVICE_CUDA || !kda::is_f32(tensor)) return false;
    if (!kda::is_dense_from(tensor, tensor.ndim - 1)) return false;
  }
  const KdaTensor &x = *call.tensors[0], &weight = *call.tensors[1], &bias = *call.tensors[2], &y = *call.tensors[3];
  return y.ndim == 2 && kda::same_shape(x, y) && kda::has_shape(weight, {y.shape[1]}) &&
         kda::has_shape(bias, {y.shape[1]});
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  if (!is_legal(*call)) return KDA_INVALID_ARGUMENT;
  const KdaTensor &x = *call->tensors[0], &y = *call->tensors[3];
  if (kda::numel(y) == 0) return KDA_OK;
  return kda::status_of(kda::launch(
      norm_rows_kernel, dim3(static_cast<unsigned>(y.shape[0])), dim3(kThreads), 0, call->stream,
      kda::elements<const float>(x), kda::elements<const float>(*call->tensors[1]),
      kda::elements<const float>(*call->tensors[2]), kda::elements<float>(y), x.strides[0], y.strides[0],
      static_cast<int>(y.shape[1]), static_cast<float>(call->scalars[0].value.f)));
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  if (!is_legal(*call)) return kda::describe_refusal(route);
  return kda::describe(route, "any", "always", "norm_rows_kernel", "there is one kernel");
}
