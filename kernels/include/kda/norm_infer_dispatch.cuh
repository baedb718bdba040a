// norm_infer_dispatch.cuh: which kernel serves a call of norm_infer or of the one-pass RMS norm, its launch and its
// route. Host code.
#pragma once

#include <type_traits>

#include "kda/launch.cuh"
#include "kda/norm_infer_elements.cuh"
#include "kda/norm_infer_heads.cuh"
#include "kda/norm_infer_rows.cuh"
#include "kda/route.cuh"

namespace kda::norm_infer {

// What to tune on a GPU.
//
// Short rows, by how many there are. Few: as many SMs as can be have a warp. Many: KDA-Pilot measured 8 to 16 rows a
// block of 128 threads as the fastest on H200, within 1 % of each other, and grids of one wave as slower. On an H100 two
// rows in flight were 1 % faster at 16384 rows, and at 4096 rows one was 1 % faster; evict-first loads cost 1 % at 650040.
template <int kThreads_, int kRowsInFlight_>
struct HeadsShape {
  static constexpr int kThreads = kThreads_, kRowsInFlight = kRowsInFlight_;
};
using FewHeads = HeadsShape<64, 1>;
using SomeHeads = HeadsShape<128, 1>;
using ManyHeads = HeadsShape<128, 2>;
constexpr int64_t kFewRows = 2048, kSomeRows = 8192;
constexpr Caching kHeadsLoads = Caching::kDefault;

// Long rows: Helios' 5120 f32 are 5 runs of 256 threads.
constexpr int kExactThreads = 256, kExactRuns = 5;
constexpr int kExactRows = 1;    // rows a block; 2 halve what weight and bias ask of L1, and want kExactBlocks = 3
constexpr int kExactBlocks = 5;  // blocks an SM: 48 registers a thread; 6 spill. kBeforeVariance wants 3
constexpr AffineLoads kExactAffine = AffineLoads::kAfterVariance;
constexpr Caching kRowsLoads = Caching::kEvictFirst;  // 1 % faster than default in fuse_scale_shift's LayerNorm

constexpr int64_t kAccessBytes = 16;
constexpr int64_t kMaxHeadRows = INT32_MAX - 1024;  // room for the last block's row numbers

enum class Path { kEmpty, kFewHeads, kSomeHeads, kManyHeads, kStridedHeads, kExactRows, kRows, kElements };

inline bool is_aligned(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % kAccessBytes == 0; }
inline int run_of(Dtype dtype) { return dtype == Dtype::kF32 ? 4 : 8; }

// One dtype, and every run of 16 B of every row aligned.
inline bool fits_runs(const NormCall& call) {
  const int run = run_of(call.dtype);
  bool fits = call.is_uniform() && call.x_column == 1 && call.columns % run == 0 && is_aligned(call.x) &&
              is_aligned(call.out) && is_aligned(call.weight.data) && is_aligned(call.bias.data) &&
              (call.rows == 1 || call.out_row % run == 0);
  for (int dim = 0; dim < call.x_rows.dims; ++dim) fits = fits && call.x_rows.strides[dim] % run == 0;
  return fits;
}

inline Path path_of(const NormCall& call) {
  if (call.is_empty()) return Path::kEmpty;
  if (!fits_runs(call)) return Path::kElements;
  const int64_t runs = call.columns / run_of(call.dtype);
  const bool is_head = call.is_rms && call.weight.data != nullptr && call.bias.data == nullptr &&
                       (runs == 8 || runs == 16 || runs == 32) && call.rows <= kMaxHeadRows;
  if (is_head) {
    if (!call.x_rows.has_one_stride()) return Path::kStridedHeads;
    if (call.rows <= kFewRows) return Path::kFewHeads;
    return call.rows <= kSomeRows ? Path::kSomeHeads : Path::kManyHeads;
  }
  if (!call.x_rows.has_one_stride() || runs > 4096) return Path::kElements;
  const bool is_exact = !call.is_rms && call.weight.data != nullptr && call.bias.data != nullptr &&
                        call.dtype == Dtype::kF32 && runs == kExactThreads * kExactRuns;
  return is_exact ? Path::kExactRows : Path::kRows;
}

inline float inverse_columns(const NormCall& call) {
  return static_cast<float>(1.0 / static_cast<double>(call.columns));
}

inline dim3 blocks_for(int64_t rows, int64_t per_block) {
  return dim3(static_cast<unsigned>((rows + per_block - 1) / per_block));
}

template <typename T, int kLanes, typename Shape, typename Rows>
cudaError_t launch_heads(const NormCall& call, const Rows& x_rows, void* stream) {
  const HeadsTask<T, Rows> task = {static_cast<T*>(call.out),
                                   static_cast<const T*>(call.x),
                                   static_cast<const T*>(call.weight.data),
                                   x_rows,
                                   {call.out_row},
                                   static_cast<int>(call.rows),
                                   inverse_columns(call),
                                   static_cast<float>(call.epsilon)};
  constexpr int kRowsPerBlock = Shape::kThreads / 32 * kRowsPerWarp<kLanes, Shape::kRowsInFlight>;
  return launch(norm_infer_heads_kernel<T, kLanes, Shape::kRowsInFlight, Shape::kThreads, kHeadsLoads, Rows>,
                blocks_for(call.rows, kRowsPerBlock), dim3(Shape::kThreads), 0, stream, task);
}

template <typename T, int kLanes>
cudaError_t launch_heads(const NormCall& call, Path path, void* stream) {
  const StridedRows rows = {call.x_rows.stride()};
  switch (path) {
    case Path::kStridedHeads:
      return launch_heads<T, kLanes, SomeHeads>(call, call.x_rows, stream);
    case Path::kFewHeads:
      return launch_heads<T, kLanes, FewHeads>(call, rows, stream);
    case Path::kSomeHeads:
      return launch_heads<T, kLanes, SomeHeads>(call, rows, stream);
    default:
      return launch_heads<T, kLanes, ManyHeads>(call, rows, stream);
  }
}

template <typename Shape>
cudaError_t launch_rows(const NormCall& call, void* stream) {
  using T = typename Shape::T;
  const RowsTask<T> task = {static_cast<T*>(call.out),
                            static_cast<const T*>(call.x),
                            static_cast<const T*>(call.weight.data),
                            static_cast<const T*>(call.bias.data),
                            call.x_rows.stride(),
                            call.out_row,
                            static_cast<int>(call.rows),
                            static_cast<int>(call.columns),
                            inverse_columns(call),
                            static_cast<float>(call.epsilon)};
  return launch(norm_infer_rows_kernel<Shape>, blocks_for(call.rows, Shape::kRows), dim3(Shape::kThreads), 0, stream,
                task);
}

// Registers a thread: the row's values and 48 for everything else.
template <int kThreads, int kValues>
constexpr int min_blocks() {
  constexpr int kBlocks = 65536 / (kThreads * (kValues + 48));
  return kBlocks < 1 ? 1 : kBlocks;
}

template <typename T, int kThreads, int kRuns, bool kIsRms>
using AnyRows = RowsShape<T, kThreads, kRuns, 1, kIsRms, RowCover::kAny, AffineLoads::kAfterVariance, kRowsLoads,
                          min_blocks<kThreads, kRuns * kRun<T>>()>;

template <typename T, bool kIsRms>
cudaError_t launch_any_rows(const NormCall& call, void* stream) {
  const int64_t runs = call.columns / kRun<T>;
  if (runs <= 128) return launch_rows<AnyRows<T, 128, 1, kIsRms>>(call, stream);
  if (runs <= 256) return launch_rows<AnyRows<T, 128, 2, kIsRms>>(call, stream);
  if (runs <= 512) return launch_rows<AnyRows<T, 128, 4, kIsRms>>(call, stream);
  if (runs <= 1024) return launch_rows<AnyRows<T, 256, 4, kIsRms>>(call, stream);
  if (runs <= 2048) return launch_rows<AnyRows<T, 256, 8, kIsRms>>(call, stream);
  return launch_rows<AnyRows<T, 512, 8, kIsRms>>(call, stream);
}

template <typename T>
cudaError_t launch_runs(const NormCall& call, Path path, void* stream) {
  if (path == Path::kRows) {
    return call.is_rms ? launch_any_rows<T, true>(call, stream) : launch_any_rows<T, false>(call, stream);
  }
  switch (call.columns / kRun<T>) {
    case 8:
      return launch_heads<T, 8>(call, path, stream);
    case 16:
      return launch_heads<T, 16>(call, path, stream);
    default:
      return launch_heads<T, 32>(call, path, stream);
  }
}

inline cudaError_t launch_elements(const NormCall& call, void* stream) {
  const ElementsTask task = {call.x,
                             call.dtype,
                             call.out_dtype,
                             call.x_rows,
                             call.x_column,
                             call.weight,
                             call.bias,
                             call.out,
                             call.out_row,
                             static_cast<int>(call.columns),
                             inverse_columns(call),
                             static_cast<float>(call.epsilon)};
  const auto kernel = call.is_rms ? norm_infer_elements_kernel<true> : norm_infer_elements_kernel<false>;
  return launch(kernel, blocks_for(call.rows, 1), dim3(kElementsThreads), 0, stream, task);
}

inline int32_t launch_call(const NormCall& call, void* stream) {
  const Path path = path_of(call);
  if (path == Path::kEmpty) return KDA_OK;
  if (path == Path::kElements) return status_of(launch_elements(call, stream));
  if (path == Path::kExactRows) {
    using Shape = RowsShape<float, kExactThreads, kExactRuns, kExactRows, false, RowCover::kExactAffine, kExactAffine,
                            kRowsLoads, kExactBlocks>;
    return status_of(launch_rows<Shape>(call, stream));
  }
  switch (call.dtype) {
    case Dtype::kBf16:
      return status_of(launch_runs<__nv_bfloat16>(call, path, stream));
    case Dtype::kF16:
      return status_of(launch_runs<__half>(call, path, stream));
    default:
      return status_of(launch_runs<float>(call, path, stream));
  }
}

inline int32_t describe_call(const NormCall& call, KdaRoute* route) {
  switch (path_of(call)) {
    case Path::kEmpty:
      return describe(route, "empty", "no elements", "none", "nothing to normalise");
    case Path::kFewHeads:
      return describe(route, "few_heads", "RMS norm of rows of 128, 256 or 512 B, weight, no bias; up to 2048 rows",
                      "norm_infer_heads_kernel", "blocks of 64 threads, one row in flight: more SMs have one");
    case Path::kSomeHeads:
      return describe(route, "some_heads", "as few_heads, up to 8192 rows", "norm_infer_heads_kernel",
                      "blocks of 128 threads, one row in flight a lane group");
    case Path::kManyHeads:
      return describe(route, "many_heads", "as few_heads, more rows", "norm_infer_heads_kernel",
                      "two rows in flight a lane group share one weight load");
    case Path::kStridedHeads:
      return describe(route, "strided_heads", "as few_heads, rows of x at more than one stride",
                      "norm_infer_heads_kernel", "reads x where it is; the baseline copies it first");
    case Path::kExactRows:
      return describe(route, "layer_f32_5120", "LayerNorm of f32 rows of 5120, weight and bias",
                      "norm_infer_rows_kernel", "256 threads by 5 runs of 16 B, nothing masked");
    case Path::kRows:
      return describe(route, "rows", "one dtype, 16 B accesses, rows at one stride", "norm_infer_rows_kernel",
                      "row in registers, read once; a barrier a reduction");
    default:
      return describe(route, "elements", "odd strides, alignment or length, or a mix of dtypes",
                      "norm_infer_elements_kernel", "runs of 16 B do not fit");
  }
}

}  // namespace kda::norm_infer
