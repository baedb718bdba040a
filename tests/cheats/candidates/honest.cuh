// honest.cuh: what candidates of the test tasks share, so that a cheat differs from honest work by its cheat alone.
//
//   int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, row_norm::launch_norm); }
//   int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
//
// `serve` reads the call or refuses it, returns at once where there is nothing to compute, and hands the rest on. What
// is not used leaves nothing in the object: kernels and what launches them are templates.
#pragma once

#include "kda/launch.cuh"
#include "kda/reduce.cuh"
#include "kda/route.cuh"
#include "kda/tensor.cuh"
#include "kda/vec.cuh"

namespace honest {

constexpr int kThreads = 256;

inline bool is_on_device(const KdaTensor& tensor) { return tensor.device.device_type == KDA_DEVICE_CUDA; }

inline unsigned blocks_for(int64_t count) { return static_cast<unsigned>((count + kThreads - 1) / kThreads); }

}  // namespace honest

// y = (x - mean) / sqrt(variance + eps) * weight + bias over rows.
namespace honest::row_norm {

struct Rows {
  const float* x;
  const float* weight;
  const float* bias;
  float* y;
  int64_t num_rows, x_stride, y_stride;
  int columns;
  float eps;
};

inline bool read(const KdaCall& call, Rows* rows) {
  for (int i = 0; i < 4; ++i) {
    const KdaTensor& tensor = *call.tensors[i];
    if (!is_on_device(tensor) || !kda::is_f32(tensor) || !kda::is_dense_from(tensor, tensor.ndim - 1)) return false;
  }
  const KdaTensor &x = *call.tensors[0], &weight = *call.tensors[1], &bias = *call.tensors[2], &y = *call.tensors[3];
  if (y.ndim != 2 || !kda::same_shape(x, y)) return false;
  if (!kda::has_shape(weight, {y.shape[1]}) || !kda::has_shape(bias, {y.shape[1]})) return false;
  *rows = {kda::elements<const float>(x), kda::elements<const float>(weight), kda::elements<const float>(bias),
           kda::elements<float>(y), y.shape[0], x.strides[0], y.strides[0], static_cast<int>(y.shape[1]),
           static_cast<float>(call.scalars[0].value.f)};
  return true;
}

template <typename Launch>
int32_t serve(const KdaCall& call, Launch launch) {
  Rows rows;
  if (!read(call, &rows)) return KDA_INVALID_ARGUMENT;
  if (rows.num_rows == 0 || rows.columns == 0) return KDA_OK;
  return kda::status_of(launch(rows, call.stream));
}

inline int32_t describe(const KdaCall& call, KdaRoute* route) {
  Rows rows;
  if (!read(call, &rows)) return kda::describe_refusal(route);
  return kda::describe(route, "any", "always", "one_path", "there is one path");
}

// Every thread gets both; the mean is relative to the row's first element, so that a large offset costs no precision.
struct Moments {
  float origin, mean, scale;
};

template <int kSize>
__device__ __forceinline__ Moments moments_of(const float* row, int columns, float eps) {
  const float origin = row[0];
  float sum = 0.0f;
  for (int c = threadIdx.x; c < columns; c += kSize) sum += row[c] - origin;
  const float mean = kda::block_sum<kSize, 0>(sum) / static_cast<float>(columns);
  float squares = 0.0f;
  for (int c = threadIdx.x; c < columns; c += kSize) {
    const float centred = row[c] - origin - mean;
    squares += centred * centred;
  }
  const float variance = kda::block_sum<kSize, 1>(squares) / static_cast<float>(columns);
  return {origin, mean, 1.0f / sqrtf(variance + eps)};
}

__device__ __forceinline__ float norm_element(const Rows& rows, const Moments& moments, float value, int column) {
  return (value - moments.origin - moments.mean) * moments.scale * rows.weight[column] + rows.bias[column];
}

// One row by the whole block.
template <int kSize>
__device__ __forceinline__ void norm_row(const Rows& rows, int64_t row) {
  const float* const from = rows.x + row * rows.x_stride;
  float* const to = rows.y + row * rows.y_stride;
  const Moments moments = moments_of<kSize>(from, rows.columns, rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kSize) to[c] = norm_element(rows, moments, from[c], c);
}

template <int kSize>
__global__ void __launch_bounds__(kSize) norm_kernel(Rows rows) {
  norm_row<kSize>(rows, blockIdx.x);
}

// A block a row for any kernel that takes the rows first.
template <typename... Params, typename... Args>
cudaError_t launch_rows(void (*kernel)(Rows, Params...), const Rows& rows, void* stream, Args... args) {
  return kda::launch(kernel, dim3(static_cast<unsigned>(rows.num_rows)), dim3(kThreads), 0, stream, rows, args...);
}

// A template, so that its kernel is in no object that does not launch it.
struct LaunchNorm {
  template <int kSize = kThreads>
  cudaError_t operator()(const Rows& rows, void* stream) const {
    return launch_rows(norm_kernel<kSize>, rows, stream);
  }
};

inline constexpr LaunchNorm launch_norm;

}  // namespace honest::row_norm

// acc += scale * x in place.
namespace honest::accumulate {

struct Elements {
  float* acc;
  const __nv_bfloat16* x;
  int64_t n;
  float scale;
};

inline bool read(const KdaCall& call, Elements* elements) {
  const KdaTensor &acc = *call.tensors[0], &x = *call.tensors[1];
  for (const KdaTensor* tensor : {&acc, &x}) {
    if (!is_on_device(*tensor) || tensor->ndim != 1 || !kda::is_dense(*tensor)) return false;
  }
  if (!kda::is_f32(acc) || !kda::is_bf16(x) || !kda::same_shape(acc, x)) return false;
  *elements = {kda::elements<float>(acc), kda::elements<const __nv_bfloat16>(x), kda::numel(acc),
               static_cast<float>(call.scalars[0].value.f)};
  return true;
}

template <typename Launch>
int32_t serve(const KdaCall& call, Launch launch) {
  Elements elements;
  if (!read(call, &elements)) return KDA_INVALID_ARGUMENT;
  if (elements.n == 0) return KDA_OK;
  return kda::status_of(launch(elements, call.stream));
}

inline int32_t describe(const KdaCall& call, KdaRoute* route) {
  Elements elements;
  if (!read(call, &elements)) return kda::describe_refusal(route);
  return kda::describe(route, "any", "always", "one_path", "there is one path");
}

}  // namespace honest::accumulate

// y[c] = sum of x[r, c] over r.
namespace honest::column_sum {

struct Matrix {
  const float* x;
  float* y;
  int64_t num_rows, columns;
};

inline bool read(const KdaCall& call, Matrix* matrix) {
  const KdaTensor &x = *call.tensors[0], &y = *call.tensors[1];
  for (const KdaTensor* tensor : {&x, &y}) {
    if (!is_on_device(*tensor) || !kda::is_f32(*tensor) || !kda::is_dense(*tensor)) return false;
  }
  if (x.ndim != 2 || !kda::has_shape(y, {x.shape[1]})) return false;
  *matrix = {kda::elements<const float>(x), kda::elements<float>(y), x.shape[0], x.shape[1]};
  return true;
}

template <typename Launch>
int32_t serve(const KdaCall& call, Launch launch) {
  Matrix matrix;
  if (!read(call, &matrix)) return KDA_INVALID_ARGUMENT;
  if (matrix.columns == 0) return KDA_OK;
  return kda::status_of(launch(matrix, call.stream));
}

inline int32_t describe(const KdaCall& call, KdaRoute* route) {
  Matrix matrix;
  if (!read(call, &matrix)) return kda::describe_refusal(route);
  return kda::describe(route, "any", "always", "one_path", "there is one path");
}

}  // namespace honest::column_sum
