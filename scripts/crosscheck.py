#!/usr/bin/env python3
"""Times rows of a task with two outside tools: PyTorch's profiler and Triton's do_bench_cudagraph.

    python3 scripts/crosscheck.py TASK LIBRARY ROW...

LIBRARY is a built side (target/kda/build/... or a bundle's build/...). Buffers stay in the caches from call to call, as in
kda's hot lane. Where they lie moves a time, and kda means over many places: each figure here is the mean of eight, with the
least and the greatest. Rows with strided or shared tensors are refused. Needs PyTorch and Triton on a GPU.
"""
import ctypes
import statistics
import sys
import tomllib

import torch
import triton

TYPES = {  # DLPack code, bits, PyTorch's name
    "bf16": (4, 16, torch.bfloat16), "f16": (2, 16, torch.float16), "f32": (2, 32, torch.float32),
    "i32": (0, 32, torch.int32), "i64": (0, 64, torch.int64),
}


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
                ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
                ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


class Number(ctypes.Union):
    _fields_ = [("i", ctypes.c_int64), ("f", ctypes.c_double)]


class Scalar(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("reserved", ctypes.c_int32), ("value", Number)]


class Call(ctypes.Structure):
    _fields_ = [("entry", ctypes.c_int32), ("num_tensors", ctypes.c_int32),
                ("tensors", ctypes.POINTER(ctypes.POINTER(Tensor))), ("scalars", ctypes.POINTER(Scalar)),
                ("num_scalars", ctypes.c_int32), ("reserved", ctypes.c_int32), ("workspace", ctypes.c_void_p),
                ("workspace_bytes", ctypes.c_size_t), ("stream", ctypes.c_void_p)]


def build_call(task, row_id, keep):
    contract = tomllib.load(open(f"tasks/{task}/task.toml", "rb"))
    rows = tomllib.load(open(f"tasks/{task}/rows.toml", "rb"))["row"]
    row = next(row for row in rows if row["id"] == row_id)
    number, entry = next((n, e) for n, e in enumerate(contract["entry"]) if e["name"] == row["entry"])
    pointers = (ctypes.POINTER(Tensor) * len(entry["tensors"]))()
    for place, slot in enumerate(entry["tensors"]):
        spec = row["tensors"].get(slot["name"])
        if spec is None:
            continue
        if set(spec) - {"role", "dtype", "shape", "fill"}:
            sys.exit(f"{row_id}: tensor {slot['name']} is not dense; take another row")
        code, bits, dtype = TYPES[spec["dtype"]]
        data = (torch.randn(spec["shape"], device="cuda").to(dtype) if dtype.is_floating_point
                else torch.zeros(spec["shape"], dtype=dtype, device="cuda"))
        shape = (ctypes.c_int64 * data.dim())(*data.shape)
        strides = (ctypes.c_int64 * data.dim())(*data.stride())
        tensor = Tensor(data.data_ptr(), 2, 0, data.dim(), code, bits, 1, shape, strides, 0)
        keep += [data, shape, strides, tensor]
        pointers[place] = ctypes.pointer(tensor)
    scalars = (Scalar * max(1, len(entry.get("scalars", []))))()
    for place, slot in enumerate(entry.get("scalars", [])):
        value = row["scalars"][slot["name"]]
        if slot["kind"] == "float":
            scalars[place] = Scalar(1, 0, Number(f=value))
        else:
            names = slot.get("values", [])
            scalars[place] = Scalar(0, 0, Number(i=names.index(value) if isinstance(value, str) else int(value)))
    keep += [pointers, scalars]
    return Call(number, len(entry["tensors"]), pointers, scalars, len(entry.get("scalars", [])), 0, None, 0, None)


PLACES = 8
REPLAY_MS = 100  # do_bench does not hold the stream: what the host takes to launch a graph is within its events


def time_at_one_place(task, row, side, keep):
    keep.append(torch.empty(len(keep) * 3571 * 256, dtype=torch.uint8, device="cuda"))  # moves what comes next
    call = build_call(task, row, keep)
    size = side.kda_workspace_bytes(ctypes.byref(call))
    if size:
        workspace = torch.empty(size, dtype=torch.uint8, device="cuda")
        keep.append(workspace)
        call.workspace, call.workspace_bytes = workspace.data_ptr(), size

    def launch():
        call.stream = torch.cuda.current_stream().cuda_stream
        status = side.kda_launch(ctypes.byref(call))
        assert status == 0, f"kda_launch answered {status}"

    for _ in range(200):
        launch()
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        for _ in range(200):
            launch()
        torch.cuda.synchronize()
    kernels = [event for event in profile.events() if event.device_type == torch.autograd.DeviceType.CUDA]
    per_call = len(kernels) // 200
    durations = [sum(event.device_time for event in kernels[n * per_call:(n + 1) * per_call]) for n in range(200)]
    profiled = statistics.median(durations)
    return profiled, 1e3 * triton.testing.do_bench_cudagraph(launch, rep=REPLAY_MS, return_mode="median")


def main():
    task, library, *rows = sys.argv[1:]
    side = ctypes.CDLL(library)
    side.kda_workspace_bytes.restype = ctypes.c_size_t
    for row in rows:
        keep = []
        places = [time_at_one_place(task, row, side, keep) for _ in range(PLACES)]
        tools = [f"{name} {statistics.mean(times):.3f} us ({min(times):.3f} to {max(times):.3f})"
                 for name, times in zip(("profiler", "do_bench_cudagraph"), zip(*places))]
        print(f"{task} {row}: {', '.join(tools)}", flush=True)
        del keep
        torch.cuda.empty_cache()


main()
