// cat_pad_windows.cuh: planes of a depth concatenation framed by zeros, 16 B of output a thread.
//   out[p, d] = zeros for d < Z, then the planes of cache[p], then those of x[p], each with pad rows and columns around
//   cache [N * C, P, H, W], x [N * C, T, H, W], out [N * C, Z + P + T, H + 2 pad_h, W + 2 pad_w]: dense
// Moves 2 B * (x + cache + out) elements of 16 bits, each once from HBM. Bound: HBM. 256 channels of 4 + 2 planes of
// 240 x 416: 617.5 MB, 184 us at the 3.35 TB/s of the H100 SXM data sheet.
// Grid: (parts of a plane, D, N * C). A thread owns one aligned 16 B vector of a plane, seen as one run of elements.
// The vector meets at most two rows, and rows follow each other in the source: what belongs to the second lies 2 pad_w
// elements before where the first would go on. So both come from one window of 8 + 2 pad_w source elements, loaded as
// two or three aligned 16 B words, shifted by whole words and then by half a word (__funnelshift_r), and masked. No
// division: the row comes from one multiply a vector. Planes of zeros and rows of zeros load nothing.
// Vectors that a plane's ends cut, and those whose words would leave the tensor, go element by element.
#pragma once

#include <stdint.h>

#include "kda/caching.cuh"

namespace kda {

constexpr int kCatPadThreads = 256;
constexpr int kCatPadLanes = 8;  // elements of 16 bits in a vector

// All of one channel's planes follow each other.
struct CatPadPlanes {
  const unsigned short* data;
  int64_t elements;  // of the whole tensor
  int depth;
};

// Sizes in elements of 16 bits; a wider element is several of them.
struct CatPadWindows {
  CatPadPlanes x, cache;
  unsigned short* out;
  int zero_planes;
  int height, width, pad_h, pad_w;
  int out_width, out_plane;
  unsigned row_multiplier;  // ceil(2^32 / out_width), exact while out_plane * out_width < 2^32
};

namespace detail {

// Lane i's 16 bits are all ones where bit i is set.
__device__ __forceinline__ void lane_masks(unsigned (&masks)[4], unsigned bits) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    // Four bits to the lowest of four bytes each, then to whole bytes: partial products do not meet.
    const unsigned bytes = ((bits >> (4 * half) & 15) * 0x204081u & 0x01010101u) * 0xffu;
    masks[2 * half] = __byte_perm(bytes, 0, 0x1100);
    masks[2 * half + 1] = __byte_perm(bytes, 0, 0x3322);
  }
}

// Bits [from, to) of a vector's lanes; either end may lie outside.
__device__ __forceinline__ unsigned lane_bits(int from, int to) {
  const int low = min(max(from, 0), kCatPadLanes), high = min(max(to, 0), kCatPadLanes);
  return ((1u << high) - 1) & ~((1u << low) - 1);
}

__device__ __forceinline__ void load_words(unsigned* words, const unsigned short* from) {
  const auto v = load_stream<Caching::kDefault, 4>(reinterpret_cast<const unsigned*>(from));
#pragma unroll
  for (int i = 0; i < 4; ++i) words[i] = v[i];
}

// 4 + kPad words of the source, from the element at `window` on, whose aligned words are all within the tensor.
template <int kPad>
__device__ __forceinline__ void load_window(unsigned (&window)[4 + kPad], const unsigned short* first, int skip) {
  unsigned words[12] = {};
  load_words(words, first);
  load_words(words + 4, first + kCatPadLanes);
  if (skip + kCatPadLanes + 2 * kPad > 2 * kCatPadLanes) load_words(words + 8, first + 2 * kCatPadLanes);
#pragma unroll
  for (int i = 0; i < 7 + kPad; ++i) words[i] = (skip & 4) != 0 ? words[i + 2] : words[i];
#pragma unroll
  for (int i = 0; i < 5 + kPad; ++i) words[i] = (skip & 2) != 0 ? words[i + 1] : words[i];
#pragma unroll
  for (int i = 0; i < 4 + kPad; ++i) window[i] = __funnelshift_r(words[i], words[i + 1], (skip & 1) * 16);
}

}  // namespace detail

// kPad is pad_w.
template <int kPad>
__global__ void __launch_bounds__(kCatPadThreads) cat_pad_windows_kernel(const CatPadWindows call) {
  const int t = static_cast<int>(blockIdx.y) - call.zero_planes;
  const bool is_cached = t < call.cache.depth;
  // Selected field by field: an index into kernel arguments would move them to local memory.
  const unsigned short* data = is_cached ? call.cache.data : call.x.data;
  const int64_t elements = is_cached ? call.cache.elements : call.x.elements;
  const int depth = is_cached ? call.cache.depth : call.x.depth;
  const int source_plane = call.height * call.width;
  // Of the source, the plane's first element.
  const int64_t from = (int64_t{blockIdx.z} * depth + (is_cached ? t : t - call.cache.depth)) * source_plane;

  unsigned short* plane = call.out + (int64_t{blockIdx.z} * gridDim.y + blockIdx.y) * call.out_plane;
  const int misaligned = static_cast<int>(reinterpret_cast<uintptr_t>(plane) / sizeof *plane % kCatPadLanes);
  const int place = static_cast<int>(blockIdx.x * kCatPadThreads + threadIdx.x) * kCatPadLanes - misaligned;
  if (place >= call.out_plane) return;

  if (place >= 0 && place + kCatPadLanes <= call.out_plane) {
    const int row = static_cast<int>(__umulhi(static_cast<unsigned>(place), call.row_multiplier));
    const int column = place - row * call.out_width, h = row - call.pad_h;
    // Lanes of this row, and of the next one, that are inside the frame.
    unsigned first = 0, second = 0;
    if (t >= 0 && h >= 0 && h < call.height) first = detail::lane_bits(kPad - column, kPad + call.width - column);
    if (t >= 0 && h + 1 >= 0 && h + 1 < call.height) {
      second = detail::lane_bits(call.out_width + kPad - column, kCatPadLanes);
    }
    Vec<unsigned, 4> value = Vec<unsigned, 4>::filled(0);
    bool is_stored = (first | second) == 0;
    if (!is_stored) {
      const unsigned short* window = data + from + h * call.width + column - 3 * kPad;
      const int skip = static_cast<int>(reinterpret_cast<uintptr_t>(window) / sizeof *window % kCatPadLanes);
      const int64_t begin = from + h * call.width + column - 3 * kPad - skip;
      const int words = skip + kCatPadLanes + 2 * kPad > 2 * kCatPadLanes ? 3 : 2;
      if (begin >= 0 && begin + words * kCatPadLanes <= elements) {
        unsigned source[4 + kPad], in_first[4], in_second[4];
        detail::load_window<kPad>(source, data + begin, skip);
        detail::lane_masks(in_first, first);
        detail::lane_masks(in_second, second);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          value[i] = (source[i + kPad] & in_first[i]) | (source[i] & in_second[i]);
        }
        is_stored = true;
      }
    }
    if (is_stored) {
      store_stream<Caching::kEvictFirst>(reinterpret_cast<unsigned*>(plane + place), value);
      return;
    }
  }

  for (int lane = 0; lane < kCatPadLanes; ++lane) {
    const int at = place + lane;
    if (at < 0 || at >= call.out_plane) continue;
    const int row = static_cast<int>(__umulhi(static_cast<unsigned>(at), call.row_multiplier));
    const int h = row - call.pad_h, w = at - row * call.out_width - kPad;
    const bool is_inside = t >= 0 && h >= 0 && h < call.height && w >= 0 && w < call.width;
    plane[at] = is_inside ? data[from + h * call.width + w] : static_cast<unsigned short>(0);
  }
}

}  // namespace kda
