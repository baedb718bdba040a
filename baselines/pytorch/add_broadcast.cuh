// add_broadcast.cuh: port of PyTorch's torch.add where one operand broadcasts, on its general elementwise path.
//   out[s, i] = a[i] + alpha * b[s, i];  a: [period];  b, out: [frames, period];  alpha = 1
// Moves 2 * frames*period * sizeof(T) B and a once, by accesses of one element. Bound: launch and instructions: every
// element divides its index twice.
// Grid: ceil(n / (128 * kPerThread)) blocks of 128 threads. A thread takes kPerThread elements 128 apart, one after the
// other: operands and output may alias upstream too, so that a load waits for the store before it.
#pragma once

#include "kda/launch.cuh"
#include "kda/vec.cuh"
#include "pytorch/offset_calculator.cuh"

namespace kda::pytorch {

constexpr int kElementwiseThreads = 128;

// 4 elements of 2 B, 2 of 4 B.
template <typename T>
inline constexpr int kPerThread = sizeof(T) >= 4 ? 2 : 4;

template <typename T>
__global__ void __launch_bounds__(kElementwiseThreads, 4)
    add_elementwise_kernel(int elements, char* out, const char* a, const char* b, float alpha,
                           const OffsetCalculator<3> calculator) {
  int index = kElementwiseThreads * kPerThread<T> * blockIdx.x + threadIdx.x;
#pragma unroll
  for (int i = 0; i < kPerThread<T>; ++i) {
    if (index < elements) {
      const Offsets<3> offset = calculator.get(index);
      const T left = *reinterpret_cast<const T*>(a + offset.of[1]);
      const T right = *reinterpret_cast<const T*>(b + offset.of[2]);
      *reinterpret_cast<T*>(out + offset.of[0]) = from_float<T>(fmaf(alpha, to_float(right), to_float(left)));
      index += kElementwiseThreads;
    }
  }
}

// A part of the call: rows of b and out lie `pitch` elements apart.
template <typename T>
struct AddPart {
  T* out;
  const T *a, *b;
  int64_t frames, period, pitch;
};

template <typename T>
cudaError_t launch_add(const AddPart<T>& part, void* stream) {
  // Offsets are 32 bits wide: a larger call is halved along its farther reaching dimension, as upstream does.
  const int64_t row_reach = (part.period - 1) * int64_t{sizeof(T)};
  const int64_t frame_reach = (part.frames - 1) * part.pitch * int64_t{sizeof(T)};
  if (row_reach + frame_reach > INT32_MAX || part.frames * part.period > INT32_MAX) {
    AddPart<T> first = part, second = part;
    if (frame_reach > row_reach) {
      first.frames = part.frames / 2;
      second.frames -= first.frames;
      second.b += first.frames * part.pitch;
      second.out += first.frames * part.pitch;
    } else {
      first.period = part.period / 2;
      second.period -= first.period;
      second.a += first.period;
      second.b += first.period;
      second.out += first.period;
    }
    const cudaError_t status = launch_add(first, stream);
    return status == cudaSuccess ? launch_add(second, stream) : status;
  }
  OffsetCalculator<3> calculator = {};
  const auto add_dim = [&](int64_t size, int64_t stride, int64_t stride_of_a) {
    if (size == 1) return;
    const int dim = calculator.dims++;
    calculator.sizes[dim] = IntDivider::of(static_cast<uint32_t>(size));
    calculator.strides[dim][0] = calculator.strides[dim][2] = static_cast<uint32_t>(stride * sizeof(T));
    calculator.strides[dim][1] = static_cast<uint32_t>(stride_of_a * sizeof(T));
  };
  add_dim(part.period, 1, 1);
  add_dim(part.frames, part.pitch, 0);
  const int64_t elements = part.frames * part.period;
  constexpr int kPerBlock = kElementwiseThreads * kPerThread<T>;
  return launch(add_elementwise_kernel<T>, dim3((elements + kPerBlock - 1) / kPerBlock), dim3(kElementwiseThreads), 0,
                stream, elements, reinterpret_cast<char*>(part.out), reinterpret_cast<const char*>(part.a),
                reinterpret_cast<const char*>(part.b), 1.f, calculator);
}

}  // namespace kda::pytorch
