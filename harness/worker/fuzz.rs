//! Frames from a hostile worker: a message or an error, never a panic, and no memory that the bytes do not justify.

use std::io::{self, Read};

use proptest::prelude::*;
use proptest::sample::Index;

use super::protocol::{Reply, Request, receive, send};
use super::{
    CheckReply, Copied, Fault, FetchedOutputs, OutputCopy, RouteReply, SideStatus, TimeReply,
};
use crate::device::{DeviceError, Facts, Peaks};
use crate::ledger::GraphRecord;
use crate::metered::peak_of;
use crate::stats::{Block, Order};
use crate::worker::Sandbox;

/// Bytes that a message may take for each of its frame, since a byte on the wire can be an empty string, and at least,
/// since serde believes an announced length up to a mebibyte.
const BYTES_A_BYTE: usize = 128;
const LEAST_BYTES: usize = 3 << 19;

fn frame(reply: &Reply) -> Vec<u8> {
    let mut wire = Vec::new();
    send(&mut wire, reply).expect("a reply should fit a frame");
    wire
}

/// What the parent makes of `wire`: what arrives again and again until something is wrong or nothing is left.
fn read_all(wire: &[u8]) -> (Vec<Reply>, io::Result<()>) {
    let (mut stream, mut replies) = (wire, Vec::new());
    loop {
        let left = stream.len();
        let (reply, peak) = peak_of(|| receive::<Reply>(&mut stream));
        let read = left - stream.len();
        let allowed = LEAST_BYTES + BYTES_A_BYTE * read;
        assert!(peak <= allowed, "{peak} bytes for a frame of {read}");
        match reply {
            Ok(Some(reply)) => replies.push(reply),
            Ok(None) => return (replies, Ok(())),
            Err(error) => return (replies, Err(error)),
        }
        assert!(
            stream.len() < left,
            "a message took nothing from the stream"
        );
    }
}

fn graph() -> impl Strategy<Value = GraphRecord> {
    (
        any::<String>(),
        prop::collection::vec(any::<String>(), 0..4),
    )
        .prop_map(|(fingerprint, nodes)| GraphRecord { fingerprint, nodes })
}

fn copies() -> impl Strategy<Value = Vec<OutputCopy>> {
    let copy = (any::<u32>(), any::<usize>(), any::<u64>(), any::<u64>());
    let copy = copy.prop_map(|(set, storage, offset, bytes)| OutputCopy {
        set,
        storage,
        copied: Copied { offset, bytes },
    });
    prop::collection::vec(copy, 0..4)
}

fn lane() -> impl Strategy<Value = Vec<Block>> {
    // Mostly times, so that a reply is at times possible but for one.
    let odd = prop::sample::select(vec![0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    let time = prop_oneof![40 => 1e-3..1e9_f64, 1 => odd, 1 => prop::num::f64::POSITIVE];
    let block = (any::<bool>(), prop::array::uniform4(time));
    let block = block.prop_map(|(first, ns)| Block {
        order: if first { Order::Abba } else { Order::Baab },
        ns,
    });
    prop::collection::vec(block, 0..6)
}

prop_compose! {
    fn checked()(
        status in any::<i32>(), words in prop::array::uniform4(any::<String>()), graph in graph(),
        damage in any::<u64>(), outputs in copies(), second_outputs in copies(),
    ) -> Reply {
        let [bucket, condition, path, why] = words;
        let status = SideStatus::of(status);
        let route = RouteReply { status, bucket, condition, path, why, declined: false };
        let mut reply = CheckReply { status, route, graph, outputs, second_outputs, ..CheckReply::default() };
        reply.guard_damage = damage;
        Reply::Checked(Box::new(reply))
    }
}

prop_compose! {
    fn timed()(
        counts in prop::array::uniform3(any::<u32>()), lanes in prop::array::uniform4(lane()),
        baseline_graph in graph(), candidate_graph in graph(),
    ) -> TimeReply {
        let [calls_per_sample, buffer_sets, blocks] = counts;
        let [device, device_hot, submit, wall] = lanes;
        TimeReply {
            calls_per_sample, buffer_sets, blocks, device, device_hot, submit, wall, baseline_graph,
            candidate_graph, ..TimeReply::default()
        }
    }
}

fn reply() -> impl Strategy<Value = Reply> {
    let opened = (any::<String>(), any::<u64>()).prop_map(|(name, memory_bytes)| Reply::Opened {
        facts: Facts {
            uuid: name.clone(),
            driver: name.clone(),
            compute_capability: name.clone(),
            name,
            multiprocessors: 1,
            l2_bytes: memory_bytes,
            memory_bytes,
        },
        sandbox: Sandbox::default(),
        spent: Vec::new(),
    });
    let failed = any::<String>().prop_map(|text| {
        Reply::Failed(Fault::Device(DeviceError::Cuda {
            call: text.clone(),
            name: text.clone(),
            text,
        }))
    });
    prop_oneof![
        opened,
        failed,
        checked(),
        timed().prop_map(|reply| Reply::Timed(Box::new(reply))),
        (copies(), copies()).prop_map(|(started_from, outputs)| {
            Reply::Fetched(FetchedOutputs {
                started_from,
                outputs,
            })
        }),
        prop::option::of(prop::num::f64::ANY).prop_map(|floor_ns| {
            Reply::Peaks(floor_ns.map(|floor_ns| Peaks {
                copy_bytes: 3e12,
                hot_copy_bytes: 5e12,
                read_bytes: 3e12,
                fma_operations: 6e13,
                tensor_operations: 6e14,
                floor_ns,
                empty_graph_ns: 2500.0,
            }))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_reply_arrives_as_it_was_sent(replies in prop::collection::vec(reply(), 1..4)) {
        let wire: Vec<u8> = replies.iter().flat_map(frame).collect();
        let (arrived, end) = read_all(&wire);
        prop_assert!(end.is_ok());
        // Bytes and not values: a NaN is not itself.
        prop_assert_eq!(arrived.iter().flat_map(frame).collect::<Vec<u8>>(), wire);
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_all(&bytes);
        let length = (bytes.len() as u32).to_le_bytes();
        let _ = read_all(&[&length[..], &bytes].concat());
    }

    #[test]
    fn a_cut_message_is_an_error(reply in reply(), place in any::<Index>()) {
        let wire = frame(&reply);
        let kept = place.index(wire.len());
        let (arrived, end) = read_all(&wire[..kept]);
        prop_assert!(arrived.is_empty());
        // Cut before its length is known, the message never began.
        prop_assert_eq!(end.is_ok(), kept < 4);
    }

    #[test]
    fn a_damaged_message_is_a_message_or_an_error(
        reply in reply(), damage in prop::collection::vec((any::<Index>(), any::<u8>(), 0..3_u8), 1..6),
    ) {
        let mut wire = frame(&reply);
        for (place, byte, kind) in damage {
            let place = place.index(wire.len());
            match kind {
                0 => wire[place] ^= 1 << (byte % 8),
                1 => wire.insert(place, byte),
                // All but the frame's length, so that the message itself is reached.
                _ => wire[place.max(4)] = byte | 0xC0,
            }
        }
        let _ = read_all(&wire);
    }

    #[test]
    fn only_times_pass_for_samples(reply in timed()) {
        let lanes = [&reply.device, &reply.device_hot, &reply.submit, &reply.wall];
        let times: Vec<f64> = lanes.into_iter().flatten().flat_map(|block| block.ns).collect();
        let sound = times.iter().all(|ns| *ns > 0.0 && *ns < f64::INFINITY);
        prop_assert_eq!(reply.is_possible(), sound && reply.calls_per_sample > 0 && reply.buffer_sets > 0);
    }
}

/// A frame around `message`.
fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_le_bytes()[..], message].concat()
}

#[test]
fn lengths_that_are_not_there_allocate_nothing() {
    // MessagePack's markers with four bytes of length: bin, ext, str, array, map.
    for marker in [0xC6, 0xC9, 0xDB, 0xDD, 0xDF_u8] {
        for length in [[0xFF; 4], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0xFF, 0xFF, 0xFF]] {
            let claim = [&[marker][..], &length].concat();
            assert!(read_all(&framed(&claim)).1.is_err());
            for variant in ["Fetched", "Checked", "Timed", "Failed"] {
                let head = [&[0x81, 0xA0 | variant.len() as u8][..], variant.as_bytes()].concat();
                assert!(
                    read_all(&framed(&[head, claim.clone()].concat()))
                        .1
                        .is_err()
                );
            }
        }
    }
}

#[test]
fn a_long_frame_that_ends_early_takes_what_arrived() {
    // 64 MiB are announced and nothing comes.
    let (replies, end) = read_all(&[0, 0, 0, 4, 1, 2, 3]);
    assert!(replies.is_empty());
    assert_eq!(
        end.map_err(|error| error.kind()),
        Err(io::ErrorKind::UnexpectedEof)
    );
}

#[test]
fn deep_nesting_ends_in_an_error() {
    for opening in [0x91, 0x81_u8] {
        for depth in [100, 10_000, 1_000_000] {
            // In a place of its own, and where an unknown field is skipped.
            assert!(read_all(&framed(&vec![opening; depth])).1.is_err());
            let field = [&b"\x81\xA7Checked\x81\xA1x"[..], &vec![opening; depth]].concat();
            assert!(read_all(&framed(&field)).1.is_err());
        }
    }
}

/// A stream that gives a byte at a time, as a socket may.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = buffer.len().min(1);
        self.0.read(&mut buffer[..bytes])
    }
}

#[test]
fn a_message_in_single_bytes_arrives() {
    let mut wire = Vec::new();
    send(&mut wire, &Request::Peaks).expect("a request should fit a frame");
    let received = receive::<Request>(&mut Trickle(&wire)).expect("the frame is whole");
    assert!(matches!(received, Some(Request::Peaks)));
}
