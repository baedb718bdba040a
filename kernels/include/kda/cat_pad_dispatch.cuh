// cat_pad_dispatch.cuh: which kernel serves a call of causal_conv3d_cat_pad, its launch, and its record. Host code.
#pragma once

#include "kda/cat_pad_call.cuh"
#include "kda/cat_pad_rows.cuh"
#include "kda/cat_pad_windows.cuh"
#include "kda/launch.cuh"
#include "kda/route.cuh"

namespace kda::cat_pad {

constexpr int64_t kMaxGridYZ = 65535;
constexpr int64_t kWidestWindowPad = 2;  // elements of 16 bits: a window is three 16 B words at most

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Elements of 16 bits in one of the call's.
inline int64_t units(const CatPadCall& call) { return call.element_bytes / 2; }

// Dense inputs, rows of which a vector meets two at most and no pad of the second's far end, and sizes within 32 bits.
inline bool takes_windows(const CatPadCall& call) {
  const int64_t pad = call.pad_w * units(call), width = call.width * units(call);
  // Bounds the factors before they are multiplied; a row multiplier is exact below 2^32.
  if (!call.x.is_dense || !call.cache.is_dense || pad > kWidestWindowPad || width + pad < kCatPadLanes - 1 ||
      width + 2 * pad < kCatPadLanes || width > 1 << 20 || call.out_height > 1 << 20) {
    return false;
  }
  const int64_t out_width = width + 2 * pad, out_plane = out_width * call.out_height;
  return out_plane <= INT32_MAX / 4 && out_plane * out_width < int64_t{1} << 32 &&
         call.batch * call.channels <= kMaxGridYZ && call.out_depth <= kMaxGridYZ;
}

inline CatPadPlanes planes_of(const CatPadCall& call, const Source& source) {
  const int64_t elements = call.batch * call.channels * source.depth * call.height * call.width * units(call);
  return {reinterpret_cast<const unsigned short*>(source.data), elements, static_cast<int>(source.depth)};
}

inline cudaError_t launch_windows(const CatPadCall& call, void* stream) {
  const int64_t out_width = call.out_width * units(call), out_plane = out_width * call.out_height;
  CatPadWindows windows = {};
  windows.x = planes_of(call, call.x);
  windows.cache = planes_of(call, call.cache);
  windows.out = reinterpret_cast<unsigned short*>(call.out);
  windows.zero_planes = static_cast<int>(call.zero_planes);
  windows.height = static_cast<int>(call.height);
  windows.width = static_cast<int>(call.width * units(call));
  windows.pad_h = static_cast<int>(call.pad_h);
  windows.pad_w = static_cast<int>(call.pad_w * units(call));
  windows.out_width = static_cast<int>(out_width);
  windows.out_plane = static_cast<int>(out_plane);
  windows.row_multiplier = static_cast<unsigned>(ceil_div(int64_t{1} << 32, out_width));
  // A plane that begins within a 16 B vector may touch one vector more.
  const int64_t vectors = ceil_div(out_plane + kCatPadLanes - 1, kCatPadLanes);
  const dim3 grid(static_cast<unsigned>(ceil_div(vectors, kCatPadThreads)), static_cast<unsigned>(call.out_depth),
                  static_cast<unsigned>(call.batch * call.channels));
  switch (windows.pad_w) {
    case 0:
      return launch(cat_pad_windows_kernel<0>, grid, dim3(kCatPadThreads), 0, stream, windows);
    case 1:
      return launch(cat_pad_windows_kernel<1>, grid, dim3(kCatPadThreads), 0, stream, windows);
    default:
      return launch(cat_pad_windows_kernel<2>, grid, dim3(kCatPadThreads), 0, stream, windows);
  }
}

template <typename T>
CatPadStrided<T> strided_of(const Source& source) {
  return {reinterpret_cast<const T*>(source.data), source.depth, source.strides[kBatch], source.strides[kChannel],
          source.strides[kDepth], source.strides[kHeight], source.strides[kWidth]};
}

template <typename T>
cudaError_t launch_rows(const CatPadCall& call, void* stream) {
  const int64_t rows = call.batch * call.channels * call.out_depth * call.out_height;
  const CatPadRows<T> copy = {strided_of<T>(call.x), strided_of<T>(call.cache), reinterpret_cast<T*>(call.out), rows,
                              call.channels, call.out_depth, call.out_height, call.out_width,
                              call.zero_planes, call.height, call.width, call.pad_h, call.pad_w};
  const int64_t blocks = ceil_div(rows, kCatPadWarps);
  const dim3 grid(static_cast<unsigned>(blocks < kCatPadRowsBlocks ? blocks : kCatPadRowsBlocks));
  return launch(cat_pad_rows_kernel<T>, grid, dim3(32, kCatPadWarps), 0, stream, copy);
}

inline int32_t launch_call(const CatPadCall& call, void* stream) {
  if (call.is_empty()) return KDA_OK;
  if (takes_windows(call)) return status_of(launch_windows(call, stream));
  return call.element_bytes == 4 ? status_of(launch_rows<uint32_t>(call, stream))
                                 : status_of(launch_rows<uint16_t>(call, stream));
}

inline int32_t describe_call(const CatPadCall& call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to write");
  if (!takes_windows(call)) {
    return describe(route, "rows", "strided inputs, pads beyond 4 B, short rows, or sizes beyond a grid or 32 bits",
                    "cat_pad_rows_kernel", "a warp a row with 64-bit indices, one element an access");
  }
  const char* path = "cat_pad_windows_kernel";
  if (call.pad_w == 0) {
    return describe(route, "unpadded_windows", "dense inputs, no pad beside the rows", path,
                    "planes are runs; 16 B a thread, realigned from the source by funnel shifts");
  }
  return describe(route, "padded_windows", "dense inputs, a row and a pad of 14 B and more, the pad 2 or 4 B", path,
                  "16 B a thread out of one source window, both rows that it meets; zeros load nothing");
}

}  // namespace kda::cat_pad
