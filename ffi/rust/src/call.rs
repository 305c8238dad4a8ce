// SPDX-License-Identifier: MIT
//! call.rs - one call from bytes to bytes: decode, work, encode, each with its planted delay.
//! Begin at `run()`.
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use prost::Message;

use crate::buffers;
use crate::counts::{self, Counts};
use crate::lists::{Switch, COUNTERS, DELAYS};
use crate::phase::{Phase, DECODE, ENCODE};
use crate::{pool, switches};

const REQUEST_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Open until it is dropped, which is also when a panic passes; then it is counted.
pub struct Call {
    before: Counts,
    start: Instant,
}

impl Call {
    pub fn begin(request_bytes: usize) -> Self {
        let before = counts::open();
        switches::read_environment();
        COUNTERS.request_bytes.fetch_add(request_bytes as u64, Relaxed);
        Self { before, start: Instant::now() }
    }

    fn is_late(&self) -> bool {
        self.start.elapsed() > Duration::from_millis(switches::get(Switch::DEADLINE_MS))
    }

    /// The response is the host's from now on.
    fn hand_out(&self, response: &[u8]) {
        COUNTERS.response_bytes.fetch_add(response.len() as u64, Relaxed);
        COUNTERS.made.fetch_add(1, Relaxed);
        COUNTERS.live.fetch_add(1, Relaxed);
        buffers::registry_add(response);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let counted = counts::close(self.before);
        COUNTERS.calls.fetch_add(1, Relaxed);
        COUNTERS.allocations.fetch_add(counted.allocations, Relaxed);
        COUNTERS.allocated_bytes.fetch_add(counted.allocated_bytes, Relaxed);
        COUNTERS.frees.fetch_add(counted.frees, Relaxed);
    }
}

fn decode<Request: Message + Default>(data: &[u8]) -> Option<Request> {
    if data.len() > REQUEST_BYTES_MAX {
        return None;
    }
    let _phase = Phase::begin(&DECODE);
    DELAYS.decode.wait();
    Request::decode(data).ok()
}

fn encode<Response: Message>(response: &Response, may_pool: bool) -> Vec<u8> {
    let _phase = Phase::begin(&ENCODE);
    DELAYS.encode.wait();
    let size = response.encoded_len();
    let pooled = may_pool && pool::is_on();
    let mut encoded = if pooled { pool::take(size) } else { Vec::with_capacity(size) };
    response.encode(&mut encoded).expect("there is room");
    encoded
}

fn panic_if_planted() {
    static WORKS: AtomicU64 = AtomicU64::new(0);
    let at = switches::get(Switch::PANIC_AT);
    if at > 0 && WORKS.fetch_add(1, Relaxed) + 1 == at {
        panic!("planted in the work of request {at}");
    }
}

fn answer<Request, Response>(
    call: &Call,
    data: &[u8],
    work: fn(Request) -> Response,
    may_pool: bool,
) -> Option<Vec<u8>>
where
    Request: Message + Default,
    Response: Message,
{
    let request = decode(data)?;
    panic_if_planted();
    let response = work(request);
    DELAYS.work.wait();
    (!call.is_late()).then(|| encode(&response, may_pool))
}

/// The encoded response; empty: refused, or nothing to say.
pub fn run<Request, Response>(data: &[u8], work: fn(Request) -> Response, may_pool: bool) -> Vec<u8>
where
    Request: Message + Default,
    Response: Message,
{
    let call = Call::begin(data.len());
    let response = answer(&call, data, work, may_pool).unwrap_or_else(|| {
        COUNTERS.refused.fetch_add(1, Relaxed);
        Vec::new()
    });
    if !response.is_empty() {
        call.hand_out(&response);
    }
    response
}
