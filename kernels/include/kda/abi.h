/* The C ABI between the harness and the two sides of a task, and the only definition of it.
 *
 * Baseline and candidate export exactly the four functions declared at the end, and nothing else. The oracle
 * exports `kda_abi_version`, `kda_oracle_items` and `kda_oracle_run`.
 *
 * Destination passing: a launch allocates nothing, synchronises nothing and uses no stream but the one it is
 * given. It may be called while that stream is being captured into a CUDA graph.
 */
#ifndef KDA_ABI_H
#define KDA_ABI_H

#include <stddef.h>
#include <stdint.h>

/* Raised with every change of a layout or of a meaning below. */
#define KDA_ABI_VERSION 1

/* DLPack's type codes (`DLDataTypeCode`); bool is stored as one byte, 0 or 1. */
enum KdaTypeCode { KDA_INT = 0, KDA_UINT = 1, KDA_FLOAT = 2, KDA_BFLOAT = 4, KDA_BOOL = 6 };

/* DLPack's device types (`DLDeviceType`). Emulated, memory that stands for the GPU's says `KDA_DEVICE_CUDA` too. */
enum KdaDeviceType { KDA_DEVICE_CPU = 1, KDA_DEVICE_CUDA = 2 };

/* Layout of `DLDevice`. */
typedef struct KdaDevice {
  int32_t device_type; /* a KdaDeviceType */
  int32_t device_id;
} KdaDevice;

/* Layout of `DLDataType`. */
typedef struct KdaDataType {
  uint8_t code; /* a KdaTypeCode */
  uint8_t bits;
  uint16_t lanes; /* always 1 */
} KdaDataType;

/* Layout of `DLTensor`. The first element lies at `data + byte_offset`; strides count elements and are never NULL. */
typedef struct KdaTensor {
  void* data;
  KdaDevice device;
  int32_t ndim;
  KdaDataType dtype;
  int64_t* shape;
  int64_t* strides;
  uint64_t byte_offset;
} KdaTensor;

enum KdaScalarKind { KDA_SCALAR_INT = 0, KDA_SCALAR_FLOAT = 1 };

/* One scalar argument. Booleans and enumerations travel as integers: the contract names their values in order. */
typedef struct KdaScalar {
  int32_t kind; /* a KdaScalarKind */
  int32_t reserved;
  union {
    int64_t i;
    double f;
  } value;
} KdaScalar;

/* One call of one entry of the contract. The callee keeps no pointer into it after it returns. */
typedef struct KdaCall {
  int32_t entry; /* index of the entry in task.toml */
  int32_t num_tensors;
  const KdaTensor* const* tensors; /* in the contract's order; NULL for an optional tensor that is absent */
  const KdaScalar* scalars;        /* in the contract's order */
  int32_t num_scalars;
  int32_t reserved;
  void* workspace; /* at least kda_workspace_bytes(call) bytes, 256-byte aligned; NULL when that is 0 */
  size_t workspace_bytes;
  void* stream; /* cudaStream_t; emulated, a KdaEmulatedStream* */
} KdaCall;

enum KdaStatus {
  KDA_OK = 0,
  KDA_DECLINED = 1,         /* legal, but better or only served by the baseline; nothing was launched */
  KDA_INVALID_ARGUMENT = 2, /* outside the contract: refused; nothing was launched */
  KDA_CUDA_ERROR = 3        /* a CUDA call failed */
};

/* The dispatch record of a call: NUL-terminated text, truncated to fit. */
typedef struct KdaRoute {
  char bucket[64];     /* short name; the harness groups rows by it */
  char condition[192]; /* when this bucket is taken, in words */
  char path[96];       /* the kernel or path that serves it */
  char why[256];       /* why this path, free text */
  int32_t declined;    /* 1 when kda_launch would return KDA_DECLINED */
} KdaRoute;

#if defined(__GNUC__)
#define KDA_EXPORT __attribute__((visibility("default")))
#else
#define KDA_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* KDA_ABI_VERSION as the source was compiled with. */
KDA_EXPORT uint32_t kda_abi_version(void);

/* Workspace that kda_launch(call) needs, in bytes. Depends on shapes, dtypes and scalars alone; tensors may have a
 * NULL data pointer. 0 for a call that would be declined or refused. */
KDA_EXPORT size_t kda_workspace_bytes(const KdaCall* call);

/* Enqueues the call's work on call->stream. Returns a KdaStatus; anything but KDA_OK has launched nothing. */
KDA_EXPORT int32_t kda_launch(const KdaCall* call);

/* Fills the dispatch record of the call without launching. Returns what kda_launch would, CUDA errors aside. */
KDA_EXPORT int32_t kda_route(const KdaCall* call, KdaRoute* route);

/* Oracle only. Number of independent pieces the call's outputs fall into (token rows, say); pieces run in parallel.
 * The oracle sees only calls that the contract accepts. */
KDA_EXPORT int64_t kda_oracle_items(const KdaCall* call);

/* Oracle only. Computes pieces [begin, end) in double precision. All tensors are in host memory. An output that the
 * contract compares bitwise has its own dtype and is dense; every other output is a dense f64 tensor of the same
 * shape and holds the value before the last rounding to the output's dtype. Returns a KdaStatus. */
KDA_EXPORT int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end);

#ifdef __cplusplus
}
#endif

#endif /* KDA_ABI_H */
