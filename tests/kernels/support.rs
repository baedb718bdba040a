//! `kernels/device/support.cu`: it draws what the host draws, bit for bit, and paints, counts and digests as
//! `harness/device/interface.rs` says.

use std::ffi::{CStr, c_char, c_void};
use std::path::Path;
use std::sync::OnceLock;

use kda::abi::{KdaEmulatedNode, KdaEmulatedStream};
use kda::device::{Device, EmulatedDevice, Span};
use kda::tensor::{Dtype, Fill, Role, TensorSpec, dense_strides};
use kda::toolchain::{Project, Target, Toolchain};
use libloading::{Library, Symbol};

type DrawFn = unsafe extern "C" fn(
    u64,
    i32,
    i32,
    *const i64,
    *const i64,
    i32,
    f64,
    f64,
    u64,
    *mut c_void,
) -> i32;
type PaintFn = unsafe extern "C" fn(*const Span, u32, u32, *mut c_void) -> i32;
type CheckFn = unsafe extern "C" fn(*const Span, u32, u32, *mut u64, *mut c_void) -> i32;
type DigestFn = unsafe extern "C" fn(*const Span, u32, *mut u64, *mut c_void) -> i32;
type EmptyFn = unsafe extern "C" fn(*mut c_void) -> i32;
type ReadFn = unsafe extern "C" fn(u64, u64, u64, *mut c_void) -> i32;
type HoldFn = unsafe extern "C" fn(u64, u64, *mut c_void) -> i32;

/// In the order of `Dtype` in support.cu.
const DTYPES: [Dtype; 8] = [
    Dtype::Bf16,
    Dtype::F16,
    Dtype::F32,
    Dtype::F64,
    Dtype::I32,
    Dtype::I64,
    Dtype::U8,
    Dtype::Bool,
];

const KEY: u64 = 0x0123_4567_89AB_CDEF;

fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let project = Project::at(Path::new(env!("CARGO_MANIFEST_DIR")));
        let built = Toolchain::find(&project)
            .build_support(&project, &Target::Emulated)
            .expect("support.cu should compile for the host");
        // SAFETY: built from our own source; it has no initialisers of its own.
        unsafe { Library::new(built.library) }.expect("it should load")
    })
}

/// # Safety
/// `T` must be the type that support.cu gives `name`.
unsafe fn function<T: Copy>(name: &str) -> T {
    // SAFETY: promised by the caller; the library is never unloaded.
    let found: Symbol<T> =
        unsafe { library().get(name.as_bytes()) }.expect("it should be exported");
    *found
}

/// Runs each node at once.
unsafe extern "C" fn enqueue(_: *mut KdaEmulatedStream, node: *const KdaEmulatedNode) -> i32 {
    let mut message = [0 as c_char; 512];
    // SAFETY: a launch passes a live node, and the buffer has the size that is told.
    let status = unsafe {
        let run = (*node).run.expect("every node can be run");
        run(node, message.as_mut_ptr(), message.len())
    };
    if status != 0 {
        // SAFETY: a failed node leaves a message with its NUL.
        eprintln!(
            "{}",
            unsafe { CStr::from_ptr(message.as_ptr()) }.to_string_lossy()
        );
    }
    status
}

/// Calls `launch` with a stream; what it enqueues has run when this returns.
fn on_stream(launch: impl FnOnce(*mut c_void) -> i32) {
    let mut stream = KdaEmulatedStream {
        enqueue: Some(enqueue),
    };
    assert_eq!(launch((&raw mut stream).cast()), 0);
}

/// Number of a fill's kind in support.cu, and its two numbers.
fn arguments(fill: &Fill) -> (i32, f64, f64) {
    match *fill {
        Fill::Normal { mean, std } => (0, mean.into(), std.into()),
        Fill::Uniform { low, high } => (1, low.into(), high.into()),
        Fill::Integers { low, high } => (2, low as f64, high as f64),
        Fill::Constant { value } => (3, value, 0.0),
        Fill::Arange => (4, 0.0, 0.0),
        Fill::Cycle { .. } => unreachable!("a case holds the fill that its number chose"),
    }
}

fn draw(storage: &mut [u8], spec: &TensorSpec, fill: &Fill) {
    // SAFETY: the type is support.cu's.
    let draw: DrawFn = unsafe { function("kda_support_draw") };
    let dtype = DTYPES
        .iter()
        .position(|dtype| *dtype == spec.dtype)
        .unwrap() as i32;
    let (kind, first, second) = arguments(fill);
    let address = storage.as_mut_ptr() as u64 + spec.offset as u64 * spec.dtype.bytes() as u64;
    // SAFETY: the view lies in the storage, and its shape and strides are read during the call.
    on_stream(|stream| unsafe {
        draw(
            address,
            dtype,
            spec.shape.len() as i32,
            spec.shape.as_ptr(),
            spec.strides.as_ptr(),
            kind,
            first,
            second,
            KEY,
            stream,
        )
    });
}

fn view(dtype: Dtype, shape: &[i64], strides: Vec<i64>, offset: i64) -> TensorSpec {
    TensorSpec {
        name: "x".to_owned(),
        role: Role::In,
        dtype,
        shape: shape.to_vec(),
        strides,
        offset,
        storage: 0,
        fill: Fill::default(),
        bitwise: false,
        repeatable: true,
        on_host: false,
    }
}

/// Dense, strided, offset, transposed, empty and scalar views, and such whose elements share places.
fn views(dtype: Dtype) -> Vec<TensorSpec> {
    let dense = |shape: &[i64]| view(dtype, shape, dense_strides(shape), 0);
    vec![
        dense(&[1000]),
        dense(&[3, 5, 7]),
        dense(&[]),
        dense(&[4, 0, 2]),
        view(dtype, &[6, 50], vec![64, 1], 3),
        view(dtype, &[40, 9], vec![1, 40], 0),
        view(dtype, &[2, 3, 16], vec![200, 33, 2], 1),
        view(dtype, &[40, 100], vec![0, 1], 0),
        view(dtype, &[3, 40, 5], vec![40, 1, 0], 2),
        view(dtype, &[60, 30], vec![1, 1], 0),
        view(dtype, &[70, 9, 4], vec![2, 0, 1], 0),
    ]
}

/// Every kind, with the numbers that the tasks use and some that round.
fn fills(dtype: Dtype) -> Vec<Fill> {
    let mut fills = vec![
        Fill::Integers { low: 0, high: 2 },
        Fill::Integers { low: 3, high: 100 },
        Fill::Integers { low: 5, high: 5 },
        Fill::Constant { value: 1.0 },
        Fill::Constant { value: 0.0 },
        Fill::Arange,
    ];
    if dtype.is_float() {
        fills.extend([
            Fill::Normal {
                mean: 0.0,
                std: 1.0,
            },
            Fill::Normal {
                mean: 64.0,
                std: 1.5,
            },
            Fill::Normal {
                mean: -1.0,
                std: 1e-3,
            },
            Fill::Uniform {
                low: -1.0,
                high: 1.0,
            },
            Fill::Uniform {
                low: 0.1,
                high: 0.7,
            },
            Fill::Integers { low: -7, high: 8 },
            Fill::Constant { value: 0.1 },
            Fill::Constant { value: 1e-41 },
            Fill::Constant { value: f64::NAN },
            Fill::Constant { value: -f64::NAN },
            Fill::Constant {
                value: f64::NEG_INFINITY,
            },
        ]);
    } else {
        // Of integers, what does not fit saturates.
        fills.extend([1e300, -1e300, 255.0, 256.0, -1.0].map(|value| Fill::Constant { value }));
        if dtype.bytes() > 1 {
            fills.push(Fill::Integers {
                low: -2_000_000_000,
                high: 2_000_000_000,
            });
        }
    }
    fills
}

#[test]
fn the_device_draws_what_the_host_draws() {
    let mut compared = 0;
    for dtype in DTYPES {
        for spec in views(dtype) {
            let bytes = (spec.extent() as usize + 2) * dtype.bytes();
            for fill in fills(dtype) {
                // What the view does not cover has to stay.
                let (mut host, mut device) = (vec![0xA5; bytes], vec![0xA5; bytes]);
                spec.draw_into(&mut host, &fill, KEY);
                draw(&mut device, &spec, &fill);
                assert!(host == device, "{dtype:?} {:?} {fill:?}", spec.shape);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 11 * (4 * 17 + 2 * 12 + 2 * 11));
}

#[test]
fn a_view_of_more_dimensions_than_there_are_is_refused() {
    // SAFETY: the type is support.cu's.
    let draw: DrawFn = unsafe { function("kda_support_draw") };
    let sizes = [1_i64; 9];
    // SAFETY: nothing is drawn.
    let status = unsafe {
        draw(
            0,
            2,
            9,
            sizes.as_ptr(),
            sizes.as_ptr(),
            4,
            0.0,
            0.0,
            KEY,
            std::ptr::null_mut(),
        )
    };
    assert_ne!(status, 0);
}

/// Memory aligned as a device's is.
#[repr(align(256))]
struct Memory([u8; 4096]);

impl Memory {
    fn address(&mut self) -> u64 {
        self.0.as_mut_ptr() as u64
    }

    /// Parts that begin and end at words and between them, empty and large.
    fn spans(&mut self) -> Vec<Span> {
        let start = self.address();
        [
            (0, 16),
            (33, 1),
            (66, 7),
            (128, 0),
            (131, 1000),
            (1300, 2),
            (2048, 2047),
        ]
        .map(|(offset, bytes)| Span {
            address: start + offset,
            bytes,
        })
        .to_vec()
    }
}

const PATTERN: u32 = 0xC0DE_17A5;

fn paint(spans: &[Span], pattern: u32) {
    // SAFETY: the type is support.cu's.
    let paint: PaintFn = unsafe { function("kda_support_paint") };
    let (table, count) = (spans.as_ptr(), spans.len() as u32);
    // SAFETY: the spans lie in live memory.
    on_stream(|stream| unsafe { paint(table, count, pattern, stream) });
}

fn damage(spans: &[Span], pattern: u32) -> u64 {
    // SAFETY: the type is support.cu's.
    let check: CheckFn = unsafe { function("kda_support_check") };
    let (table, count) = (spans.as_ptr(), spans.len() as u32);
    let mut damage = 0;
    // SAFETY: the spans lie in live memory.
    on_stream(|stream| unsafe { check(table, count, pattern, &raw mut damage, stream) });
    damage
}

fn digest(spans: &[Span]) -> u64 {
    // SAFETY: the type is support.cu's.
    let digest: DigestFn = unsafe { function("kda_support_digest") };
    let (table, count) = (spans.as_ptr(), spans.len() as u32);
    let mut sum = 0;
    // SAFETY: the spans lie in live memory.
    on_stream(|stream| unsafe { digest(table, count, &raw mut sum, stream) });
    sum
}

#[test]
fn painting_repeats_the_pattern_aligned_to_addresses_and_touches_nothing_else() {
    let mut memory = Box::new(Memory([0; 4096]));
    let spans = memory.spans();
    paint(&spans, PATTERN);
    let start = memory.address();
    for (place, byte) in memory.0.iter().enumerate() {
        let address = start + place as u64;
        let painted = spans.iter().any(|span| span.contains(address));
        let expected = if painted {
            PATTERN.to_le_bytes()[place % 4]
        } else {
            0
        };
        assert_eq!(*byte, expected, "byte {place}");
    }
    assert_eq!(damage(&spans, PATTERN), 0);
}

#[test]
fn damage_counts_words_and_odd_bytes() {
    let mut memory = Box::new(Memory([0; 4096]));
    let spans = memory.spans();
    paint(&spans, PATTERN);
    // Two bytes of one word, an odd byte in front of the first word and one behind the last, and one in no span.
    for place in [4, 5, 131, 4094, 100] {
        memory.0[place] ^= 0xFF;
    }
    assert_eq!(damage(&spans, PATTERN), 3);
    assert!(damage(&spans, !PATTERN) > 700);
}

#[test]
fn a_digest_changes_with_any_byte_and_any_exchange() {
    let mut memory = Box::new(Memory([0; 4096]));
    for (place, byte) in memory.0.iter_mut().enumerate() {
        *byte = (place * 131 % 251) as u8;
    }
    let spans = memory.spans();
    let before = digest(&spans);
    assert_eq!(digest(&spans), before);
    let start = memory.address();
    for span in &spans {
        for address in (span.address..span.end()).step_by(13) {
            let place = (address - start) as usize;
            memory.0[place] ^= 0x10;
            assert_ne!(digest(&spans), before, "byte {place}");
            memory.0[place] ^= 0x10;
        }
    }
    memory.0.swap(2048, 2052);
    assert_ne!(digest(&spans), before);
    memory.0.swap(2048, 2052);
    memory.0[40] ^= 0xFF;
    assert_eq!(digest(&spans), before, "a byte in no span");
}

#[test]
fn the_emulated_device_paints_and_counts_as_the_kernels_do() {
    let mut device = EmulatedDevice::new();
    let block = device.allocate(4096).unwrap();
    let mut memory = Box::new(Memory([0; 4096]));
    let offset = memory.address();
    let ours = memory.spans();
    let theirs: Vec<Span> = ours
        .iter()
        .map(|span| Span {
            address: block.address + span.address - offset,
            bytes: span.bytes,
        })
        .collect();
    device.write(block.address, &memory.0).unwrap();
    paint(&ours, PATTERN);
    device.paint(&theirs, PATTERN).unwrap();
    let mut copy = vec![0; 4096];
    device.read(block.address, &mut copy).unwrap();
    assert!(copy == memory.0);
    for place in [0, 1, 7, 33, 68, 72, 131, 700, 2050, 4094] {
        copy[place] ^= 0x40;
        memory.0[place] ^= 0x40;
    }
    device.write(block.address, &copy).unwrap();
    let found = device.damage(&theirs, PATTERN).unwrap();
    assert_eq!(found, damage(&ours, PATTERN));
    // Bytes 0 and 1 are of one word.
    assert_eq!(found, 9);
}

#[test]
fn reading_holding_and_the_empty_kernel_change_nothing() {
    // SAFETY: the types are support.cu's.
    let (read, hold, empty): (ReadFn, HoldFn, EmptyFn) = unsafe {
        (
            function("kda_support_read"),
            function("kda_support_hold"),
            function("kda_support_empty"),
        )
    };
    let mut memory = Box::new(Memory([7; 4096]));
    let address = memory.address();
    let mut sink = 1_u32;
    let released = 0_u32;
    // SAFETY: the memory, the sink and the flag live through the calls.
    on_stream(|stream| unsafe { read(address, 4096, (&raw mut sink) as u64, stream) });
    // SAFETY: as above. Emulated, the hold ends at once, for nobody could release it.
    on_stream(|stream| unsafe { hold((&raw const released) as u64, 1_000_000, stream) });
    // SAFETY: it has no arguments.
    on_stream(|stream| unsafe { empty(stream) });
    assert!(memory.0.iter().all(|byte| *byte == 7));
    assert_eq!((sink, released), (1, 0));
}
