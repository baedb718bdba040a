// norm_launch.cuh: which ported kernel serves which call of norm_infer and of the one-pass RMS norm, and its launch.
// Host code. x is dense here: the caller has copied it, as upstream does.
#pragma once

#include "kda/launch.cuh"
#include "kda/norm_infer_call.cuh"
#include "sglang/norm_infer.cuh"
#include "sglang/norm_strided.cuh"
#include "sglang/rmsnorm_onepass.cuh"

namespace kda::sglang {

using norm_infer::NormCall;

enum class NormPath { kEmpty, kRow, kTile, kStrided };

inline bool is_whole_access(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % kAccessBytes == 0; }

inline bool takes_runs(const NormCall& call) {
  const int run = call.dtype == Dtype::kF32 ? 4 : 8;
  // Where x is copied, its own alignment does not matter: the copy is aligned.
  return call.is_uniform() && call.columns % run == 0 && (!call.is_x_dense() || is_whole_access(call.x)) &&
         is_whole_access(call.out) && is_whole_access(call.weight.data) && is_whole_access(call.bias.data) &&
         (call.rows == 1 || call.out_row % run == 0);
}

inline NormPath norm_path_of(const NormCall& call) {
  if (call.is_empty()) return NormPath::kEmpty;
  if (!takes_runs(call)) return NormPath::kStrided;
  if (!call.is_one_pass) return NormPath::kRow;
  return call.columns == 64 || call.columns == 128 ? NormPath::kTile : NormPath::kStrided;
}

template <typename T, int kWarps, int kGroups>
cudaError_t launch_norm_row(const NormCall& call, const void* x, void* stream) {
  const NormRowArguments<T> arguments = {static_cast<const T*>(x),
                                         static_cast<const T*>(call.weight.data),
                                         static_cast<const T*>(call.bias.data),
                                         static_cast<T*>(call.out),
                                         call.columns,
                                         call.out_row,
                                         static_cast<int>(call.columns),
                                         call.is_rms,
                                         static_cast<float>(call.epsilon)};
  const bool is_layer_affine = !call.is_rms && call.weight.data != nullptr && call.bias.data != nullptr;
  const auto kernel = is_layer_affine ? norm_infer_row_kernel<T, kWarps, kGroups, NormForm::kLayerAffine>
                                      : norm_infer_row_kernel<T, kWarps, kGroups, NormForm::kAny>;
  return launch(kernel, dim3(static_cast<unsigned>(call.rows)), dim3(kWarps * 32), 0, stream, arguments);
}

// Tiles of the next power of two; as many warps as it has 256 columns, from 1 to 8.
template <typename T>
cudaError_t launch_norm_row(const NormCall& call, const void* x, void* stream) {
  constexpr int kBytes = static_cast<int>(sizeof(T)), kScale = kBytes == 4 ? 2 : 1;
  if (call.columns <= 256) return launch_norm_row<T, 1, kScale>(call, x, stream);
  if (call.columns <= 512) return launch_norm_row<T, 2, kScale>(call, x, stream);
  if (call.columns <= 1024) return launch_norm_row<T, 4, kScale>(call, x, stream);
  if (call.columns <= 2048) return launch_norm_row<T, 8, kScale>(call, x, stream);
  if (call.columns <= 4096) return launch_norm_row<T, 8, 2 * kScale>(call, x, stream);
  if (call.columns <= 8192) return launch_norm_row<T, 8, 4 * kScale>(call, x, stream);
  if (kBytes == 4 || call.columns <= 16384) return launch_norm_row<T, 8, 8 * kScale>(call, x, stream);
  return launch_norm_row<T, 8, 16>(call, x, stream);
}

template <typename T, int kCols, int kRows>
cudaError_t launch_one_pass_tile(const NormCall& call, const void* x, void* stream) {
  const dim3 grid(static_cast<unsigned>((call.rows + kRows - 1) / kRows));
  return launch(rmsnorm_onepass_tile_kernel<T, kCols, kRows>, grid, dim3(kOnePassThreads), 0, stream,
                static_cast<T*>(call.out), static_cast<const T*>(x), static_cast<const T*>(call.weight.data),
                static_cast<int>(call.rows), static_cast<float>(call.epsilon));
}

// Rows a program: the next power of two of S / 512, from 1 to 16.
template <typename T, int kCols>
cudaError_t launch_one_pass_tile(const NormCall& call, const void* x, void* stream) {
  const int64_t wanted = call.rows / 512;
  if (wanted <= 1) return launch_one_pass_tile<T, kCols, 1>(call, x, stream);
  if (wanted <= 2) return launch_one_pass_tile<T, kCols, 2>(call, x, stream);
  if (wanted <= 4) return launch_one_pass_tile<T, kCols, 4>(call, x, stream);
  if (wanted <= 8) return launch_one_pass_tile<T, kCols, 8>(call, x, stream);
  return launch_one_pass_tile<T, kCols, 16>(call, x, stream);
}

inline cudaError_t launch_norm_strided(const NormCall& call, const void* x, void* stream) {
  const NormStridedArguments arguments = {x,
                                          call.weight.data,
                                          call.bias.data,
                                          call.out,
                                          call.dtype,
                                          call.weight.dtype,
                                          call.bias.dtype,
                                          call.out_dtype,
                                          call.columns,
                                          call.out_row,
                                          static_cast<int>(call.columns),
                                          call.is_one_pass,
                                          static_cast<float>(call.epsilon)};
  const auto kernel = call.is_rms ? norm_strided_kernel<true> : norm_strided_kernel<false>;
  return launch(kernel, dim3(static_cast<unsigned>(call.rows)), dim3(kNormStridedThreads), 0, stream, arguments);
}

template <typename T>
cudaError_t launch_norm(const NormCall& call, const void* x, NormPath path, void* stream) {
  if (path == NormPath::kRow) return launch_norm_row<T>(call, x, stream);
  return call.columns == 64 ? launch_one_pass_tile<T, 64>(call, x, stream)
                            : launch_one_pass_tile<T, 128>(call, x, stream);
}

// `x` is call.x, or its dense copy.
inline cudaError_t launch_norm(const NormCall& call, const void* x, void* stream) {
  const NormPath path = norm_path_of(call);
  if (path == NormPath::kStrided) return launch_norm_strided(call, x, stream);
  switch (call.dtype) {
    case Dtype::kBf16:
      return launch_norm<__nv_bfloat16>(call, x, path, stream);
    case Dtype::kF16:
      return launch_norm<__half>(call, x, path, stream);
    default:
      return launch_norm<float>(call, x, path, stream);
  }
}

}  // namespace kda::sglang
