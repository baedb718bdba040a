// Written by scripts/bindings.sh from kernels/include/kda/{abi,emulated/stream}.h. Do not edit.

pub const KDA_ABI_VERSION: u32 = 1;
pub const KDA_INT: KdaTypeCode = 0;
pub const KDA_UINT: KdaTypeCode = 1;
pub const KDA_FLOAT: KdaTypeCode = 2;
pub const KDA_BFLOAT: KdaTypeCode = 4;
pub const KDA_BOOL: KdaTypeCode = 6;
pub type KdaTypeCode = i32;
pub const KDA_DEVICE_CPU: KdaDeviceType = 1;
pub const KDA_DEVICE_CUDA: KdaDeviceType = 2;
pub type KdaDeviceType = i32;
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct KdaDevice {
    pub device_type: i32,
    pub device_id: i32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of KdaDevice"][::std::mem::size_of::<KdaDevice>() - 8usize];
    ["Alignment of KdaDevice"][::std::mem::align_of::<KdaDevice>() - 4usize];
    ["Offset of field: KdaDevice::device_type"]
        [::std::mem::offset_of!(KdaDevice, device_type) - 0usize];
    ["Offset of field: KdaDevice::device_id"]
        [::std::mem::offset_of!(KdaDevice, device_id) - 4usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct KdaDataType {
    pub code: u8,
    pub bits: u8,
    pub lanes: u16,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of KdaDataType"][::std::mem::size_of::<KdaDataType>() - 4usize];
    ["Alignment of KdaDataType"][::std::mem::align_of::<KdaDataType>() - 2usize];
    ["Offset of field: KdaDataType::code"][::std::mem::offset_of!(KdaDataType, code) - 0usize];
    ["Offset of field: KdaDataType::bits"][::std::mem::offset_of!(KdaDataType, bits) - 1usize];
    ["Offset of field: KdaDataType::lanes"][::std::mem::offset_of!(KdaDataType, lanes) - 2usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct KdaTensor {
    pub data: *mut ::std::os::raw::c_void,
    pub device: KdaDevice,
    pub ndim: i32,
    pub dtype: KdaDataType,
    pub shape: *mut i64,
    pub strides: *mut i64,
    pub byte_offset: u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of KdaTensor"][::std::mem::size_of::<KdaTensor>() - 48usize];
    ["Alignment of KdaTensor"][::std::mem::align_of::<KdaTensor>() - 8usize];
    ["Offset of field: KdaTensor::data"][::std::mem::offset_of!(KdaTensor, data) - 0usize];
    ["Offset of field: KdaTensor::device"][::std::mem::offset_of!(KdaTensor, device) - 8usize];
    ["Offset of field: KdaTensor::ndim"][::std::mem::offset_of!(KdaTensor, ndim) - 16usize];
    ["Offset of field: KdaTensor::dtype"][::std::mem::offset_of!(KdaTensor, dtype) - 20usize];
    ["Offset of field: KdaTensor::shape"][::std::mem::offset_of!(KdaTensor, shape) - 24usize];
    ["Offset of field: KdaTensor::strides"][::std::mem::offset_of!(KdaTensor, strides) - 32usize];
    ["Offset of field: KdaTensor::byte_offset"]
        [::std::mem::offset_of!(KdaTensor, byte_offset) - 40usize];
};
impl Default for KdaTensor {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
pub const KDA_SCALAR_INT: KdaScalarKind = 0;
pub const KDA_SCALAR_FLOAT: KdaScalarKind = 1;
pub type KdaScalarKind = i32;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct KdaScalar {
    pub kind: i32,
    pub reserved: i32,
    pub value: KdaScalarValue,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub union KdaScalarValue {
    pub i: i64,
    pub f: f64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of KdaScalarValue"][::std::mem::size_of::<KdaScalarValue>() - 8usize];
    ["Alignment of KdaScalarValue"][::std::mem::align_of::<KdaScalarValue>() - 8usize];
    ["Offset of field: KdaScalarValue::i"][::std::mem::offset_of!(KdaScalarValue, i) - 0usize];
    ["Offset of field: KdaScalarValue::f"][::std::mem::offset_of!(KdaScalarValue, f) - 0usize];
};
impl Default for KdaScalarValue {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
impl ::std::fmt::Debug for KdaScalarValue {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        write!(f, "KdaScalarValue {{ union }}")
    }
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of KdaScalar"][::std::mem::size_of::<KdaScalar>() - 16usize];
    ["Alignment of KdaScalar"][::std::mem::align_of::<KdaScalar>() - 8usize];
    ["Offset of field: KdaScalar::kind"][::std::mem::offset_of!(KdaScalar, kind) - 0usize];
    ["Offset of field: KdaScalar::reserved"][::std::mem::offset_of!(KdaScalar, reserved) - 4usize];
    ["Offset of field: KdaScalar::value"][::std::mem::offset_of!(KdaScalar, value) - 8usize];
};
impl Default for KdaScalar {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
impl ::std::fmt::Debug for KdaScalar {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        write!(f, "KdaScalar {{ value: {:?} }}", self.value)
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct KdaCall {
    pub entry: i32,
    pub num_tensors: i32,
    pub tensors: *const *const KdaTensor,
    pub scalars: *const KdaScalar,
    pub num_scalars: i32,
    pub reserved: i32,
    pub workspace: *mut ::std::os::raw::c_void,
    pub workspace_bytes: usize,
    pub stream: *mut ::std::os::raw::c_void,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of KdaCall"][::std::mem::size_of::<KdaCall>() - 56usize];
    ["Alignment of KdaCall"][::std::mem::align_of::<KdaCall>() - 8usize];
    ["Offset of field: KdaCall::entry"][::std::mem::offset_of!(KdaCall, entry) - 0usize];
    ["Offset of field: KdaCall::num_tensors"]
        [::std::mem::offset_of!(KdaCall, num_tensors) - 4usize];
    ["Offset of field: KdaCall::tensors"][::std::mem::offset_of!(KdaCall, tensors) - 8usize];
    ["Offset of field: KdaCall::scalars"][::std::mem::offset_of!(KdaCall, scalars) - 16usize];
    ["Offset of field: KdaCall::num_scalars"]
        [::std::mem::offset_of!(KdaCall, num_scalars) - 24usize];
    ["Offset of field: KdaCall::reserved"][::std::mem::offset_of!(KdaCall, reserved) - 28usize];
    ["Offset of field: KdaCall::workspace"][::std::mem::offset_of!(KdaCall, workspace) - 32usize];
    ["Offset of field: KdaCall::workspace_bytes"]
        [::std::mem::offset_of!(KdaCall, workspace_bytes) - 40usize];
    ["Offset of field: KdaCall::stream"][::std::mem::offset_of!(KdaCall, stream) - 48usize];
};
impl Default for KdaCall {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
pub const KDA_OK: KdaStatus = 0;
pub const KDA_DECLINED: KdaStatus = 1;
pub const KDA_INVALID_ARGUMENT: KdaStatus = 2;
pub const KDA_CUDA_ERROR: KdaStatus = 3;
pub type KdaStatus = i32;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct KdaRoute {
    pub bucket: [::std::os::raw::c_char; 64usize],
    pub condition: [::std::os::raw::c_char; 192usize],
    pub path: [::std::os::raw::c_char; 96usize],
    pub why: [::std::os::raw::c_char; 256usize],
    pub declined: i32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of KdaRoute"][::std::mem::size_of::<KdaRoute>() - 612usize];
    ["Alignment of KdaRoute"][::std::mem::align_of::<KdaRoute>() - 4usize];
    ["Offset of field: KdaRoute::bucket"][::std::mem::offset_of!(KdaRoute, bucket) - 0usize];
    ["Offset of field: KdaRoute::condition"][::std::mem::offset_of!(KdaRoute, condition) - 64usize];
    ["Offset of field: KdaRoute::path"][::std::mem::offset_of!(KdaRoute, path) - 256usize];
    ["Offset of field: KdaRoute::why"][::std::mem::offset_of!(KdaRoute, why) - 352usize];
    ["Offset of field: KdaRoute::declined"][::std::mem::offset_of!(KdaRoute, declined) - 608usize];
};
impl Default for KdaRoute {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
unsafe extern "C" {
    pub fn kda_abi_version() -> u32;
}
unsafe extern "C" {
    pub fn kda_workspace_bytes(call: *const KdaCall) -> usize;
}
unsafe extern "C" {
    pub fn kda_launch(call: *const KdaCall) -> i32;
}
unsafe extern "C" {
    pub fn kda_route(call: *const KdaCall, route: *mut KdaRoute) -> i32;
}
unsafe extern "C" {
    pub fn kda_oracle_items(call: *const KdaCall) -> i64;
}
unsafe extern "C" {
    pub fn kda_oracle_run(call: *const KdaCall, begin: i64, end: i64) -> i32;
}
pub const KDA_NODE_KERNEL: KdaEmulatedNodeKind = 0;
pub const KDA_NODE_MEMSET: KdaEmulatedNodeKind = 1;
pub const KDA_NODE_MEMCPY: KdaEmulatedNodeKind = 2;
pub type KdaEmulatedNodeKind = i32;
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct KdaEmulatedParam {
    pub offset: u32,
    pub bytes: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of KdaEmulatedParam"][::std::mem::size_of::<KdaEmulatedParam>() - 8usize];
    ["Alignment of KdaEmulatedParam"][::std::mem::align_of::<KdaEmulatedParam>() - 4usize];
    ["Offset of field: KdaEmulatedParam::offset"]
        [::std::mem::offset_of!(KdaEmulatedParam, offset) - 0usize];
    ["Offset of field: KdaEmulatedParam::bytes"]
        [::std::mem::offset_of!(KdaEmulatedParam, bytes) - 4usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct KdaEmulatedNode {
    pub kind: i32,
    pub name: *const ::std::os::raw::c_char,
    pub grid: [u32; 3usize],
    pub block: [u32; 3usize],
    pub cluster: [u32; 3usize],
    pub num_params: u32,
    pub smem_bytes: u64,
    pub params: *const KdaEmulatedParam,
    pub args: *const ::std::os::raw::c_void,
    pub args_bytes: u64,
    pub run: ::std::option::Option<
        unsafe extern "C" fn(
            node: *const KdaEmulatedNode,
            error: *mut ::std::os::raw::c_char,
            error_bytes: usize,
        ) -> i32,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of KdaEmulatedNode"][::std::mem::size_of::<KdaEmulatedNode>() - 96usize];
    ["Alignment of KdaEmulatedNode"][::std::mem::align_of::<KdaEmulatedNode>() - 8usize];
    ["Offset of field: KdaEmulatedNode::kind"]
        [::std::mem::offset_of!(KdaEmulatedNode, kind) - 0usize];
    ["Offset of field: KdaEmulatedNode::name"]
        [::std::mem::offset_of!(KdaEmulatedNode, name) - 8usize];
    ["Offset of field: KdaEmulatedNode::grid"]
        [::std::mem::offset_of!(KdaEmulatedNode, grid) - 16usize];
    ["Offset of field: KdaEmulatedNode::block"]
        [::std::mem::offset_of!(KdaEmulatedNode, block) - 28usize];
    ["Offset of field: KdaEmulatedNode::cluster"]
        [::std::mem::offset_of!(KdaEmulatedNode, cluster) - 40usize];
    ["Offset of field: KdaEmulatedNode::num_params"]
        [::std::mem::offset_of!(KdaEmulatedNode, num_params) - 52usize];
    ["Offset of field: KdaEmulatedNode::smem_bytes"]
        [::std::mem::offset_of!(KdaEmulatedNode, smem_bytes) - 56usize];
    ["Offset of field: KdaEmulatedNode::params"]
        [::std::mem::offset_of!(KdaEmulatedNode, params) - 64usize];
    ["Offset of field: KdaEmulatedNode::args"]
        [::std::mem::offset_of!(KdaEmulatedNode, args) - 72usize];
    ["Offset of field: KdaEmulatedNode::args_bytes"]
        [::std::mem::offset_of!(KdaEmulatedNode, args_bytes) - 80usize];
    ["Offset of field: KdaEmulatedNode::run"]
        [::std::mem::offset_of!(KdaEmulatedNode, run) - 88usize];
};
impl Default for KdaEmulatedNode {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct KdaEmulatedStream {
    pub enqueue: ::std::option::Option<
        unsafe extern "C" fn(stream: *mut KdaEmulatedStream, node: *const KdaEmulatedNode) -> i32,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of KdaEmulatedStream"][::std::mem::size_of::<KdaEmulatedStream>() - 8usize];
    ["Alignment of KdaEmulatedStream"][::std::mem::align_of::<KdaEmulatedStream>() - 8usize];
    ["Offset of field: KdaEmulatedStream::enqueue"]
        [::std::mem::offset_of!(KdaEmulatedStream, enqueue) - 0usize];
};
