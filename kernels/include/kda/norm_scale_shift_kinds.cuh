// norm_scale_shift_kinds.cuh: which compile-time kinds a call of a modulated norm has, for both sides. Host code.
// Upstream compiles a kernel for every combination of dtypes and forms. Here those that production and the riders hold
// have kinds of their own; what is left takes its operands' dtypes at run time.
#pragma once

#include "kda/norm_modulation_call.cuh"

namespace kda::norm_modulation {

enum class Residual { kNone, kAdd, kGate };

// The kinds of one kernel; scale and shift share one, weight and bias too.
template <typename TElement, Norm kTheNorm, Residual kTheResidual, typename TGate, typename TAffine,
          typename TModulation>
struct NormKinds {
  using T = TElement;
  static constexpr Norm kNorm = kTheNorm;
  static constexpr Residual kResidual = kTheResidual;
  using Gate = TGate;
  using Affine = TAffine;
  using Modulation = TModulation;
  static constexpr bool kIsTyped = !kIsAny<Gate> && !kIsAny<Affine> && !kIsAny<Modulation>;
};

namespace detail {

inline bool is_rows_of(const RowOperand& operand, Dtype dtype) { return operand.dtype == dtype && !operand.is_single; }

inline bool is_single_of(const RowOperand& operand, Dtype dtype) { return operand.dtype == dtype && operand.is_single; }

inline bool has_affine_of(const NormScaleShiftCall& call, Dtype dtype) {
  return call.affine.is_present() && call.affine.weight.dtype == dtype &&
         (call.affine.bias.data == nullptr || call.affine.bias.dtype == dtype);
}

template <typename T, Norm kNorm, Residual kResidual, typename Body>
auto with_operand_kinds(const NormScaleShiftCall& call, Body body) {
  const Dtype dtype = call.dtype;
  constexpr bool kGated = kResidual == Residual::kGate;
  using OwnGate = std::conditional_t<kGated, Rows<T>, Absent>;
  const bool own_gate = !kGated || is_rows_of(call.gate, dtype);
  const bool is_plain = !call.affine.is_present();
  if (own_gate && is_rows_of(call.scale, dtype) && is_rows_of(call.shift, dtype)) {
    if (is_plain) return body(NormKinds<T, kNorm, kResidual, OwnGate, Absent, Rows<T>>{});
    if (has_affine_of(call, dtype)) return body(NormKinds<T, kNorm, kResidual, OwnGate, Rows<T>, Rows<T>>{});
  }
  if constexpr (std::is_same_v<T, __nv_bfloat16> && kNorm == Norm::kLayer) {
    if constexpr (kGated) {
      if (is_rows_of(call.gate, Dtype::kF32) && has_affine_of(call, Dtype::kF32) && is_single_of(call.scale, dtype) &&
          is_single_of(call.shift, dtype)) {
        return body(NormKinds<T, kNorm, kResidual, Rows<float>, Rows<float>, Single<T>>{});
      }
    } else if (is_plain && is_rows_of(call.scale, Dtype::kF32) && is_rows_of(call.shift, Dtype::kF32)) {
      return body(NormKinds<T, kNorm, kResidual, Absent, Absent, Rows<float>>{});
    }
    if constexpr (kResidual == Residual::kNone) {
      if (is_plain && is_single_of(call.scale, dtype) && is_single_of(call.shift, dtype)) {
        return body(NormKinds<T, kNorm, kResidual, Absent, Absent, Single<T>>{});
      }
    }
  }
  using AnyGate = std::conditional_t<kGated, AnyOperand, Absent>;
  return body(NormKinds<T, kNorm, kResidual, AnyGate, AnyOperand, AnyOperand>{});
}

template <typename T, Norm kNorm, typename Body>
auto with_residual(const NormScaleShiftCall& call, Body body) {
  if (!call.has_residual) return with_operand_kinds<T, kNorm, Residual::kNone>(call, body);
  if (!call.has_gate()) return with_operand_kinds<T, kNorm, Residual::kAdd>(call, body);
  return with_operand_kinds<T, kNorm, Residual::kGate>(call, body);
}

}  // namespace detail

// Calls `body(NormKinds<...>{})`.
template <typename Body>
auto with_kinds(const NormScaleShiftCall& call, Body body) {
  const auto with_type = [&]<typename T>() {
    if (call.norm == Norm::kLayer) return detail::with_residual<T, Norm::kLayer>(call, body);
    return detail::with_residual<T, Norm::kRms>(call, body);
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
