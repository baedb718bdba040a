/* oracle_rows.h: rows of a tensor as doubles, and the rounding of its dtype, for oracles that go row by row.
 *
 * Oracles judge calls of gigabytes, so both choose by dtype once a row and leave loops that a compiler vectorises.
 */
#ifndef KDA_ORACLE_ROWS_H
#define KDA_ORACLE_ROWS_H

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kda/abi.h"

namespace kda::oracle {

inline float float_of_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline double value_of_bf16(uint16_t bits) { return float_of_bits(static_cast<uint32_t>(bits) << 16); }

/* With the exponent's bias moved by a factor of 2^112, subnormals fall into place too. */
inline double value_of_f16(uint16_t bits) {
  const uint32_t magnitude = (bits & 0x7FFFu) << 13, sign = (bits & 0x8000u) << 16;
  const bool is_finite = (bits & 0x7C00u) != 0x7C00u;
  const float finite = float_of_bits(magnitude | sign) * 0x1p112f;
  return is_finite ? finite : float_of_bits(magnitude | sign | 0x7F800000u);
}

inline bool is_f32(const KdaTensor& tensor) { return tensor.dtype.code == KDA_FLOAT && tensor.dtype.bits == 32; }
inline bool is_bf16(const KdaTensor& tensor) { return tensor.dtype.code == KDA_BFLOAT; }

/* `count` neighbours of an f32, bf16 or f16 tensor, from its element `first` on. */
inline void read_run(const KdaTensor& tensor, int64_t first, int64_t count, double* to) {
  const char* from = static_cast<const char*>(tensor.data) + tensor.byte_offset + first * (tensor.dtype.bits / 8);
  const auto each = [&](auto element, auto value) {
    using Element = decltype(element);
    for (int64_t i = 0; i < count; ++i) {
      Element bits;
      std::memcpy(&bits, from + i * static_cast<int64_t>(sizeof bits), sizeof bits);
      to[i] = value(bits);
    }
  };
  if (is_f32(tensor)) {
    each(float{}, [](float value) { return static_cast<double>(value); });
  } else if (is_bf16(tensor)) {
    each(uint16_t{}, value_of_bf16);
  } else {
    each(uint16_t{}, value_of_f16);
  }
}

/* The nearest value with `digits` binary digits, ties to even; exponents end at `lowest`, magnitudes at `limit`.
 * Adding and taking away a number whose last bit has the wanted weight rounds there. */
inline double rounded(double exact, int digits, int lowest, double limit) {
  uint64_t bits;
  std::memcpy(&bits, &exact, sizeof bits);
  const int64_t biased = static_cast<int64_t>(bits >> 52 & 0x7FF), least = lowest + 1023;
  if (biased == 0x7FF) return exact;
  const uint64_t pusher_bits = static_cast<uint64_t>((biased > least ? biased : least) + 53 - digits) << 52;
  double pusher;
  std::memcpy(&pusher, &pusher_bits, sizeof pusher);
  pusher *= 1.5;
  const double result = (exact + pusher) - pusher;
  return std::fabs(result) > limit ? std::copysign(HUGE_VAL, exact) : std::copysign(result, exact);
}

/* Rounds a run to the tensor's dtype, in place. */
inline void round_run(const KdaTensor& tensor, int64_t count, double* values) {
  if (is_f32(tensor)) {
    for (int64_t i = 0; i < count; ++i) values[i] = static_cast<float>(values[i]);
  } else if (is_bf16(tensor)) {
    for (int64_t i = 0; i < count; ++i) values[i] = rounded(values[i], 8, -126, 0x1.FEp127);
  } else {
    for (int64_t i = 0; i < count; ++i) values[i] = rounded(values[i], 11, -14, 65504.0);
  }
}

}  // namespace kda::oracle

#endif
