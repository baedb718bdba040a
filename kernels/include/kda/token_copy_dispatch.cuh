// token_copy_dispatch.cuh: which kernel serves a call of attention_concat_copy, its launch, and its record. Host code.
#pragma once

#include "kda/launch.cuh"
#include "kda/route.cuh"
#include "kda/token_copy_call.cuh"
#include "kda/token_copy_elements.cuh"
#include "kda/token_copy_runs.cuh"

namespace kda::token_copy {

constexpr int64_t kMaxGridYZ = 65535;
constexpr int kWidestAccess = 16;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Batches that follow each other in source and output alike are tokens of one. Two sources meet in every batch.
inline void merge_batches(TokenCopyCall* call) {
  Source* source = &call->sources[0];
  if (call->batch == 1 || call->num_sources != 1 || source->batch_pitch != source->tokens * source->token_pitch) return;
  source->tokens *= call->batch;
  call->out_tokens = source->tokens;
  call->batch = 1;
}

// Bytes that every run of source and output begins at a multiple of: 16, or the power of two below that fits.
inline int access_bytes(const TokenCopyCall& call) {
  uint64_t addresses = reinterpret_cast<uintptr_t>(call.out) | static_cast<uint64_t>(call.run_bytes);
  for (int i = 0; i < call.num_sources; ++i) {
    const Source& source = call.sources[i];
    if (source.tokens == 0) continue;
    addresses |= reinterpret_cast<uintptr_t>(source.data);
    if (source.tokens > 1) addresses |= static_cast<uint64_t>(source.token_pitch);
    if (call.batch > 1) addresses |= static_cast<uint64_t>(source.batch_pitch);
  }
  int bytes = kWidestAccess;
  while (addresses % bytes != 0) bytes /= 2;
  return bytes;
}

// A block's threads along the run (x) and over tokens (y), and how many parts a run has.
struct RunShape {
  int64_t x, y, parts;
};

inline RunShape run_shape(int64_t run) {
  const int64_t parts = ceil_div(run, kTokenRunThreads * kVectorsPerThread);
  const int64_t x = ceil_div(run, parts * kVectorsPerThread);
  return {x, kTokenRunThreads / x, parts};
}

inline bool fits_runs(const TokenCopyCall& call, int bytes) {
  const int64_t run = call.run_bytes / bytes;
  for (int i = 0; i < call.num_sources; ++i) {
    if (call.sources[i].token_pitch / bytes > INT32_MAX) return false;
  }
  // Half the range leaves room for columns past the end of a run and for tokens past the end of a last block.
  return call.batch <= kMaxGridYZ && run <= INT32_MAX / 2 && call.out_tokens <= INT32_MAX / 2 &&
         run_shape(run).parts <= kMaxGridYZ;
}

template <int kBytes>
cudaError_t launch_runs(const TokenCopyCall& call, void* stream) {
  using Access = RawAccess<kBytes>;
  using Element = typename Access::Element;
  const RunShape shape = run_shape(call.run_bytes / kBytes);
  TokenRunsCopy<Access> copy = {};
  int64_t blocks = 0;
  for (int i = 0; i < call.num_sources; ++i) {
    const Source& source = call.sources[i];
    copy.sources[i] = {reinterpret_cast<const Element*>(source.data), source.batch_pitch / kBytes,
                       static_cast<int>(source.token_pitch / kBytes), static_cast<int>(source.tokens)};
    blocks += ceil_div(source.tokens, shape.y);
    if (i == 0) copy.first_blocks = static_cast<int>(blocks);
  }
  copy.output = reinterpret_cast<Element*>(call.out);
  copy.output_batch_pitch = call.out_batch_pitch() / kBytes;
  copy.run = static_cast<int>(call.run_bytes / kBytes);
  const dim3 grid(static_cast<unsigned>(blocks), static_cast<unsigned>(shape.parts), static_cast<unsigned>(call.batch));
  const dim3 block(static_cast<unsigned>(shape.x), static_cast<unsigned>(shape.y));
  return launch(token_copy_runs_kernel<Access>, grid, block, 0, stream, copy);
}

// One launch a source that has tokens.
inline cudaError_t launch_elements(const TokenCopyCall& call, void* stream) {
  constexpr int64_t kBytes = sizeof(unsigned short);
  int64_t first_token = 0;
  for (int i = 0; i < call.num_sources; ++i) {
    const Source& source = call.sources[i];
    const int64_t accesses = call.batch * source.tokens * call.run_bytes / kBytes;
    const TokenElementsCopy copy = {reinterpret_cast<const unsigned short*>(source.data),
                                    reinterpret_cast<unsigned short*>(call.out + first_token * call.run_bytes),
                                    call.batch,
                                    source.tokens,
                                    call.run_bytes / kBytes,
                                    source.batch_pitch / kBytes,
                                    source.token_pitch / kBytes,
                                    call.out_batch_pitch() / kBytes};
    first_token += source.tokens;
    if (accesses == 0) continue;
    const int64_t blocks = ceil_div(accesses, kTokenElementsThreads);
    const dim3 grid(static_cast<unsigned>(blocks < kTokenElementsBlocks ? blocks : kTokenElementsBlocks));
    const cudaError_t status =
        launch(token_copy_elements_kernel, grid, dim3(kTokenElementsThreads), 0, stream, copy);
    if (status != cudaSuccess) return status;
  }
  return cudaSuccess;
}

inline int32_t launch_call(TokenCopyCall call, void* stream) {
  if (call.is_empty()) return KDA_OK;
  merge_batches(&call);
  const int bytes = access_bytes(call);
  if (!fits_runs(call, bytes)) return status_of(launch_elements(call, stream));
  switch (bytes) {
    case 16:
      return status_of(launch_runs<16>(call, stream));
    case 8:
      return status_of(launch_runs<8>(call, stream));
    case 4:
      return status_of(launch_runs<4>(call, stream));
    default:
      return status_of(launch_runs<2>(call, stream));
  }
}

inline int32_t describe_call(TokenCopyCall call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to copy");
  merge_batches(&call);
  const int bytes = access_bytes(call);
  if (!fits_runs(call, bytes)) {
    return describe(route, "elements", "more batches, tokens, pitch or run than a grid or 32 bits have room for",
                    "token_copy_elements_kernel", "64-bit indices, one access of 2 B a turn, one launch a source");
  }
  const char* path = "token_copy_runs_kernel";
  if (bytes != kWidestAccess) {
    return describe(route, "narrow_runs", "a pointer, pitch or run that is not whole 16 B", path,
                    "the widest of 8, 4 and 2 B that every run begins at; otherwise as the runs of 16 B");
  }
  switch (call.op) {
    case Op::kCopy:
      return describe(route, "copy_runs", "a view of heads; pointers, pitches and runs are whole 16 B", path,
                      "a block moves whole runs of H * D; no thread divides");
    case Op::kConcat:
      return describe(route, "concat_runs", "two dense sources; pointers and runs are whole 16 B", path,
                      "one launch, blocks in proportion to the tokens of each source");
    default:
      return describe(route, "slice_concat_runs", "heads of a prefix, and a shard; all whole 16 B", path,
                      "one launch and no scratch: the slice is a source with a wider pitch");
  }
}

}  // namespace kda::token_copy
