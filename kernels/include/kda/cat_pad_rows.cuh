// cat_pad_rows.cuh: depth concatenation framed by zeros, for any strides, pads and sizes.
//   out[n, c, d, h, w] = cache or x at [n, c, d - Z (- P), h - pad_h, w - pad_w] inside the frame, 0 outside
// Moves x + cache + out once. Bound: HBM on paper, instructions in fact: one element an access.
// Grid: up to kCatPadRowsBlocks blocks of 8 warps, striding over the rows of out. A warp owns a row: it takes the row's
// index apart once, in 64 bits, and no element divides.
#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

namespace kda {

constexpr int kCatPadWarps = 8;
constexpr int64_t kCatPadRowsBlocks = 1 << 16;

template <typename T>
struct CatPadStrided {
  const T* data;
  int64_t depth;
  int64_t batch_pitch, channel_pitch, plane_pitch, row_pitch, column_pitch;
};

template <typename T>
struct CatPadRows {
  CatPadStrided<T> x, cache;
  T* out;
  int64_t rows, channels, out_depth, out_height, out_width;
  int64_t zero_planes, height, width, pad_h, pad_w;
};

template <typename T>
__device__ __forceinline__ const T* row_of(const CatPadStrided<T>& source, int64_t n, int64_t c, int64_t t, int64_t h) {
  return source.data + n * source.batch_pitch + c * source.channel_pitch + t * source.plane_pitch +
         h * source.row_pitch;
}

// T has the width of the element; what it means does not matter.
template <typename T>
__global__ void __launch_bounds__(32 * kCatPadWarps) cat_pad_rows_kernel(const CatPadRows<T> call) {
  const int64_t stride = int64_t{gridDim.x} * kCatPadWarps;
  for (int64_t row = int64_t{blockIdx.x} * kCatPadWarps + threadIdx.y; row < call.rows; row += stride) {
    const int64_t plane = row / call.out_height, h = row - plane * call.out_height - call.pad_h;
    const int64_t image = plane / call.out_depth, t = plane - image * call.out_depth - call.zero_planes;
    const int64_t n = image / call.channels, c = image - n * call.channels;
    const bool is_inside = t >= 0 && h >= 0 && h < call.height, is_cached = t < call.cache.depth;
    const T* from = nullptr;
    if (is_inside) from = is_cached ? row_of(call.cache, n, c, t, h) : row_of(call.x, n, c, t - call.cache.depth, h);
    const int64_t pitch = is_cached ? call.cache.column_pitch : call.x.column_pitch;
    T* to = call.out + row * call.out_width;
    for (int64_t column = threadIdx.x; column < call.out_width; column += 32) {
      const int64_t w = column - call.pad_w;
      to[column] = is_inside && w >= 0 && w < call.width ? from[w * pitch] : T{0};
    }
  }
}

}  // namespace kda
