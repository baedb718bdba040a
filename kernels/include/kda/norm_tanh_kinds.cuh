// norm_tanh_kinds.cuh: which compile-time kinds a call of norm, tanh gate and residual add has, for both sides. Host
// code. Upstream compiles a kernel for every combination of dtypes. Here calls of one dtype, with both norms affine or
// neither, have kinds of their own; what is left takes its operands' dtypes and presence at run time.
#pragma once

#include "kda/norm_modulation_call.cuh"

namespace kda::norm_modulation {

// Affine stands for both pairs of weight and bias, Operand for scale, shift and scale2.
template <typename TElement, Norm kTheNorm, typename TAffine, typename TOperand, bool kTheDual>
struct NormTanhKinds {
  using T = TElement;
  static constexpr Norm kNorm = kTheNorm;
  using Affine = TAffine;
  using Operand = TOperand;
  static constexpr bool kIsDual = kTheDual;
  static constexpr bool kIsTyped = !kIsAny<Operand>;
};

namespace detail {

inline bool is_affine_of(const Affine& affine, Dtype dtype) {
  return affine.is_present() && affine.weight.dtype == dtype &&
         (affine.bias.data == nullptr || affine.bias.dtype == dtype);
}

template <typename T, Norm kNorm, bool kIsDual, typename Body>
auto with_affine_kinds(const NormTanhCall& call, Body body) {
  const Dtype dtype = call.dtype;
  if (call.scale.dtype == dtype && call.shift.dtype == dtype && (!kIsDual || call.scale2.dtype == dtype)) {
    if (!call.affine.is_present() && (!kIsDual || !call.affine2.is_present())) {
      return body(NormTanhKinds<T, kNorm, Absent, Rows<T>, kIsDual>{});
    }
    if (is_affine_of(call.affine, dtype) && (!kIsDual || is_affine_of(call.affine2, dtype))) {
      return body(NormTanhKinds<T, kNorm, Rows<T>, Rows<T>, kIsDual>{});
    }
  }
  return body(NormTanhKinds<T, kNorm, AnyOperand, AnyOperand, kIsDual>{});
}

}  // namespace detail

// Calls `body(NormTanhKinds<...>{})`.
template <typename Body>
auto with_kinds(const NormTanhCall& call, Body body) {
  const auto with_norm = [&]<typename T, Norm kNorm>() {
    if (call.is_dual) return detail::with_affine_kinds<T, kNorm, true>(call, body);
    return detail::with_affine_kinds<T, kNorm, false>(call, body);
  };
  const auto with_type = [&]<typename T>() {
    if (call.norm == Norm::kLayer) return with_norm.template operator()<T, Norm::kLayer>();
    return with_norm.template operator()<T, Norm::kRms>();
  };
  switch (call.dtype) {
    case Dtype::kBf16:
      return with_type.template operator()<__nv_bfloat16>();
    case Dtype::kF16:
      return with_type.template operator()<__half>();
    default:
      return with_type.template operator()<float>();
  }
}

}  // namespace kda::norm_modulation
