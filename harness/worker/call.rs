//! A `KdaCall` and everything it points to.

use std::ffi::c_void;
use std::ptr;

use crate::abi::{
    KDA_BFLOAT, KDA_BOOL, KDA_DEVICE_CPU, KDA_DEVICE_CUDA, KDA_FLOAT, KDA_INT, KDA_SCALAR_FLOAT,
    KDA_SCALAR_INT, KDA_UINT, KdaCall, KdaDataType, KdaDevice, KdaScalar, KdaScalarValue,
    KdaTensor,
};
use crate::task::{Case, Scalar};
use crate::tensor::{Dtype, TensorSpec};

/// The C view of a case with its memory. Everything that the call points to is boxed here and never moves.
pub struct CallFrame {
    call: KdaCall,
    _tensors: Vec<Option<Box<OwnedTensor>>>,
    _pointers: Box<[*const KdaTensor]>,
    _scalars: Box<[KdaScalar]>,
}

struct OwnedTensor {
    tensor: KdaTensor,
    _shape: Box<[i64]>,
    _strides: Box<[i64]>,
}

/// Where a tensor's elements are.
#[derive(Clone, Copy)]
pub struct TensorMemory {
    /// Address of the storage.
    pub storage: u64,
    pub on_host: bool,
}

impl CallFrame {
    /// The call of `case` whose tensors lie where `place` says.
    pub fn new(case: &Case, mut place: impl FnMut(&TensorSpec) -> TensorMemory) -> Self {
        let mut tensors: Vec<Option<Box<OwnedTensor>>> = case
            .tensors
            .iter()
            .map(|spec| {
                spec.as_ref()
                    .map(|spec| Box::new(OwnedTensor::new(spec, place(spec))))
            })
            .collect();
        let pointers: Box<[*const KdaTensor]> = tensors
            .iter_mut()
            .map(|tensor| {
                tensor
                    .as_mut()
                    .map_or(ptr::null(), |tensor| &raw const tensor.tensor)
            })
            .collect();
        let scalars: Box<[KdaScalar]> = case.scalars.iter().map(scalar).collect();
        let call = KdaCall {
            entry: case.entry as i32,
            num_tensors: pointers.len() as i32,
            tensors: pointers.as_ptr(),
            scalars: scalars.as_ptr(),
            num_scalars: scalars.len() as i32,
            reserved: 0,
            workspace: ptr::null_mut(),
            workspace_bytes: 0,
            stream: ptr::null_mut(),
        };
        Self {
            call,
            _tensors: tensors,
            _pointers: pointers,
            _scalars: scalars,
        }
    }

    pub fn call(&self) -> &KdaCall {
        &self.call
    }

    /// The call with this workspace, on this stream.
    pub(super) fn on(&self, workspace: u64, workspace_bytes: u64, stream: *mut c_void) -> KdaCall {
        KdaCall {
            workspace: workspace as *mut c_void,
            workspace_bytes: workspace_bytes as usize,
            stream,
            ..self.call
        }
    }
}

impl OwnedTensor {
    fn new(spec: &TensorSpec, memory: TensorMemory) -> Self {
        let mut shape: Box<[i64]> = spec.shape.clone().into();
        let mut strides: Box<[i64]> = spec.strides.clone().into();
        Self {
            tensor: KdaTensor {
                data: memory.storage as *mut c_void,
                device: KdaDevice {
                    device_type: if memory.on_host {
                        KDA_DEVICE_CPU
                    } else {
                        KDA_DEVICE_CUDA
                    },
                    device_id: 0,
                },
                ndim: shape.len() as i32,
                dtype: data_type(spec.dtype),
                shape: shape.as_mut_ptr(),
                strides: strides.as_mut_ptr(),
                byte_offset: spec.offset as u64 * spec.dtype.bytes() as u64,
            },
            _shape: shape,
            _strides: strides,
        }
    }
}

fn data_type(dtype: Dtype) -> KdaDataType {
    let code = match dtype {
        Dtype::Bf16 => KDA_BFLOAT,
        Dtype::F16 | Dtype::F32 | Dtype::F64 => KDA_FLOAT,
        Dtype::I32 | Dtype::I64 => KDA_INT,
        Dtype::U8 => KDA_UINT,
        Dtype::Bool => KDA_BOOL,
    };
    KdaDataType {
        code: code as u8,
        bits: 8 * dtype.bytes() as u8,
        lanes: 1,
    }
}

fn scalar(scalar: &Scalar) -> KdaScalar {
    match *scalar {
        Scalar::Int(i) => KdaScalar {
            kind: KDA_SCALAR_INT,
            reserved: 0,
            value: KdaScalarValue { i },
        },
        Scalar::Float(f) => KdaScalar {
            kind: KDA_SCALAR_FLOAT,
            reserved: 0,
            value: KdaScalarValue { f },
        },
    }
}
