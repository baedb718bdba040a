// norm_modulation_operand.cuh: operands of modulated norms on the device, in runs of 8 elements.
//   Row (b, s) of an operand starts at b * batch + s / tokens_per_step * step; a single value stands for all rows.
// What is known of an operand at compile time is its kind: Rows<T>, Single<T>, AnyOperand (dtype and form at run
// time), Absent. Every row starts on 32 B, so runs are 16 B accesses, two of them for f32.
#pragma once

#include <stdint.h>

#include <type_traits>

#include "kda/modulation_call.cuh"
#include "kda/vec.cuh"

namespace kda::norm_modulation {

using modulation::Dtype;

constexpr int kRun = 8;

enum class Norm { kLayer = 0, kRms = 1 };  // as the contracts number norm_type

struct RowOperand {
  const void* data;  // NULL where an optional operand is absent or ignored
  int64_t batch, step;  // element strides, 0 where the operand broadcasts
  int tokens_per_step;  // 1, or S / F for [B, F, 1, D]
  Dtype dtype;
  bool is_single;  // shape [1]

  bool is_per_token() const { return step != 0 && tokens_per_step == 1; }
};

template <typename T>
struct Rows {
  using Element = T;
  using Run = Vec<T, kRun>;
};
template <typename T>
struct Single {
  using Element = T;
  using Run = T;
};
struct AnyOperand {
  using Run = Vec<float, kRun>;
};
struct Absent {
  struct Run {};
};

template <typename Kind>
inline constexpr bool kIsAbsent = std::is_same_v<Kind, Absent>;
template <typename Kind>
inline constexpr bool kIsAny = std::is_same_v<Kind, AnyOperand>;

// Element offset of row (b, s).
__device__ __forceinline__ int64_t row_offset(const RowOperand& operand, int b, int s) {
  const int step = operand.tokens_per_step == 1 ? s : s / operand.tokens_per_step;
  return b * operand.batch + step * operand.step;
}

struct RowPosition {
  int b, s;
};

// Production has one batch, and then no row pays for the division.
__device__ __forceinline__ RowPosition position_of(int row, int batch, int tokens) {
  const int b = batch == 1 ? 0 : row / tokens;
  return {b, row - b * tokens};
}

__device__ __forceinline__ int64_t row_offset(const RowOperand& operand, RowPosition at) {
  return row_offset(operand, at.b, at.s);
}

template <typename T>
__device__ __forceinline__ Vec<float, kRun> any_run(const RowOperand& operand, int64_t offset) {
  const T* from = static_cast<const T*>(operand.data);
  if (operand.is_single) return Vec<float, kRun>::filled(to_float(*from));
  return to_float(Vec<T, kRun>::load(from + offset));
}

// The run at `offset`, as it lies in memory, so that it can wait in registers before it is widened.
template <typename Kind>
__device__ __forceinline__ typename Kind::Run load_run(const RowOperand& operand, int64_t offset) {
  if constexpr (kIsAbsent<Kind>) {
    return {};
  } else if constexpr (kIsAny<Kind>) {
    switch (operand.dtype) {
      case Dtype::kBf16:
        return any_run<__nv_bfloat16>(operand, offset);
      case Dtype::kF16:
        return any_run<__half>(operand, offset);
      default:
        return any_run<float>(operand, offset);
    }
  } else {
    using T = typename Kind::Element;
    const T* from = static_cast<const T*>(operand.data);
    if constexpr (std::is_same_v<typename Kind::Run, T>)
      return *from;
    else
      return Vec<T, kRun>::load(from + offset);
  }
}

template <typename T>
__device__ __forceinline__ Vec<float, kRun> widen(const Vec<T, kRun>& run) {
  return to_float(run);
}
template <typename T>
__device__ __forceinline__ Vec<float, kRun> widen(T single) {
  return Vec<float, kRun>::filled(to_float(single));
}

template <typename T>
__device__ __forceinline__ Vec<T, kRun> round_run(const Vec<float, kRun>& run) {
  return from_float<T>(run);
}

// v = residual + gate * x, or residual + x, rounded to T. With one 16-bit type throughout, packed and rounded once;
// else one f32 FMA and one rounding.
template <typename T, typename Gate>
__device__ __forceinline__ Vec<T, kRun> add_residual(const Vec<T, kRun>& residual, const typename Gate::Run& gate,
                                                     const Vec<T, kRun>& x) {
  if constexpr (sizeof(T) == 2 && (kIsAbsent<Gate> || std::is_same_v<Gate, Rows<T>>)) {
    using Pair = std::conditional_t<std::is_same_v<T, __half>, __half2, __nv_bfloat162>;
    Vec<T, kRun> v;
#pragma unroll
    for (int i = 0; i < kRun; i += 2) {
      const Pair r(residual[i], residual[i + 1]), u(x[i], x[i + 1]);
      Pair sum;
      if constexpr (kIsAbsent<Gate>)
        sum = __hadd2(r, u);
      else
        sum = __hfma2(Pair(gate[i], gate[i + 1]), u, r);
      v[i] = sum.x;
      v[i + 1] = sum.y;
    }
    return v;
  } else {
    Vec<float, kRun> v = widen(residual);
    const Vec<float, kRun> u = widen(x);
    if constexpr (kIsAbsent<Gate>) {
#pragma unroll
      for (int i = 0; i < kRun; ++i) v[i] += u[i];
    } else {
      const Vec<float, kRun> g = widen(gate);
#pragma unroll
      for (int i = 0; i < kRun; ++i) v[i] = fmaf(g[i], u[i], v[i]);
    }
    return round_run<T>(v);
  }
}

// n * weight + bias where both are there, n * weight with a weight alone. Kinds that are there at compile time have
// a bias exactly with layer norm.
template <Norm kNorm, typename Affine>
__device__ __forceinline__ void apply_affine(Vec<float, kRun>* n, const typename Affine::Run& weight,
                                             const typename Affine::Run& bias) {
  if constexpr (kIsAbsent<Affine>) return;
  if constexpr (!kIsAbsent<Affine>) {
    const Vec<float, kRun> w = widen(weight);
    if constexpr (kNorm == Norm::kLayer) {
      const Vec<float, kRun> b = widen(bias);
#pragma unroll
      for (int i = 0; i < kRun; ++i) (*n)[i] = fmaf((*n)[i], w[i], b[i]);
    } else {
#pragma unroll
      for (int i = 0; i < kRun; ++i) (*n)[i] *= w[i];
    }
  }
}

}  // namespace kda::norm_modulation
