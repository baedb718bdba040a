/* The C interface between the emulated device (in the harness) and a side compiled for the host.
 *
 * Emulated, KdaCall::stream points to a KdaEmulatedStream. `kda::launch` and the emulated cudaMemsetAsync and
 * cudaMemcpyAsync describe their work as a KdaEmulatedNode and hand it to `enqueue`, which runs it at once or, while
 * the stream is being captured, copies it (arguments included) and runs it at every replay.
 */
#ifndef KDA_EMULATED_STREAM_H
#define KDA_EMULATED_STREAM_H

#include <stddef.h>
#include <stdint.h>

enum KdaEmulatedNodeKind { KDA_NODE_KERNEL = 0, KDA_NODE_MEMSET = 1, KDA_NODE_MEMCPY = 2 };

/* Where one parameter lies in the argument block. */
typedef struct KdaEmulatedParam {
  uint32_t offset;
  uint32_t bytes;
} KdaEmulatedParam;

/* One unit of device work. */
typedef struct KdaEmulatedNode {
  int32_t kind;     /* a KdaEmulatedNodeKind */
  const char* name; /* mangled or pretty kernel name; lives as long as the side's library */
  uint32_t grid[3];
  uint32_t block[3];
  uint32_t cluster[3]; /* 1,1,1 without clusters */
  uint32_t num_params;
  uint64_t smem_bytes; /* dynamic shared memory */
  const KdaEmulatedParam* params;
  const void* args; /* argument block of args_bytes bytes, 16-byte aligned */
  uint64_t args_bytes;
  /* Runs the node to its end. 0, or non-zero with a message (NUL-terminated, at most error_bytes) in `error`. */
  int32_t (*run)(const struct KdaEmulatedNode* node, char* error, size_t error_bytes);
} KdaEmulatedNode;

typedef struct KdaEmulatedStream {
  /* Takes one node. 0, or non-zero when it failed; the message stays with the stream. */
  int32_t (*enqueue)(struct KdaEmulatedStream* stream, const KdaEmulatedNode* node);
} KdaEmulatedStream;

#endif /* KDA_EMULATED_STREAM_H */
