// norm_infer_elements.cuh: LayerNorm or RMS norm of rows of any strides, alignment, length and mix of dtypes.
//   formula as in norm_infer_rows.cuh;  x at any strides, out with rows at one stride, weight and bias [N] or absent
// Moves the same bytes from HBM. Bound: instructions, one element an access.
// Grid: one row a block. Its threads stride over the row and read x again in each of the passes (from L1 or L2). A
// thread writes the elements that it alone has read in its last pass, so out may be x.
#pragma once

#include <stdint.h>

#include "kda/norm_infer_call.cuh"
#include "kda/reduce.cuh"
#include "kda/vec.cuh"

namespace kda::norm_infer {

inline constexpr int kElementsThreads = 256;

struct ElementsTask {
  const void* x;  // may be out
  Dtype dtype, out_dtype;
  RowLayout x_rows;
  int64_t x_column;  // element stride
  Affine weight, bias;
  void* out;
  int64_t out_row;  // element stride
  int columns;
  float inverse_columns, epsilon;
};

__device__ __forceinline__ float load_element(const void* data, Dtype dtype, int64_t i) {
  if (dtype == Dtype::kF32) return static_cast<const float*>(data)[i];
  if (dtype == Dtype::kF16) return to_float(static_cast<const __half*>(data)[i]);
  return to_float(static_cast<const __nv_bfloat16*>(data)[i]);
}

__device__ __forceinline__ void store_element(void* data, Dtype dtype, int64_t i, float value) {
  if (dtype == Dtype::kF32) {
    static_cast<float*>(data)[i] = value;
  } else if (dtype == Dtype::kF16) {
    static_cast<__half*>(data)[i] = from_float<__half>(value);
  } else {
    static_cast<__nv_bfloat16*>(data)[i] = from_float<__nv_bfloat16>(value);
  }
}

template <bool kIsRms>
__global__ void __launch_bounds__(kElementsThreads, 4)  // 64 registers; nothing of the row stays in them
    norm_infer_elements_kernel(const ElementsTask task) {
  const int64_t row = blockIdx.x, first = task.x_rows.offset(row);
  const auto x = [&](int c) { return load_element(task.x, task.dtype, first + c * task.x_column); };
  float mean = 0.f;
  if constexpr (!kIsRms) {
    float sum = 0.f;
    for (int c = threadIdx.x; c < task.columns; c += kElementsThreads) sum += x(c);
    mean = block_sum<kElementsThreads, 0>(sum) * task.inverse_columns;
  }
  float squares = 0.f;
  for (int c = threadIdx.x; c < task.columns; c += kElementsThreads) {
    const float centred = x(c) - mean;
    squares = fmaf(centred, centred, squares);
  }
  squares = block_sum<kElementsThreads, 1>(squares);
  const float inverse = rsqrtf(fmaf(squares, task.inverse_columns, task.epsilon));
  for (int c = threadIdx.x; c < task.columns; c += kElementsThreads) {
    float y = (x(c) - mean) * inverse;
    const float bias = task.bias.data == nullptr ? 0.f : load_element(task.bias.data, task.bias.dtype, c);
    if (task.weight.data != nullptr) {
      y = fmaf(y, load_element(task.weight.data, task.weight.dtype, c), bias);
    } else {
      y += bias;
    }
    store_element(task.out, task.out_dtype, row * task.out_row + c, y);
  }
}

}  // namespace kda::norm_infer
