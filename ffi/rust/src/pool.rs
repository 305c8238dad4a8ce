// SPDX-License-Identifier: MIT
//! pool.rs - the pool behind the switch POOL. Unlike the C service's, nobody sees from outside when a
//! buffer goes in or comes out: that is how a pool is in a library that is one piece.
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Mutex;

use crate::lists::{Switch, COUNTERS};
use crate::switches;

const BUFFERS_MAX: usize = 100;
const BUFFER_BYTES_MAX: usize = 64 * 1024;
const BUFFER_BYTES_MIN: usize = 4096; // capacity of a buffer that will live in the pool

static POOL: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

pub fn is_on() -> bool {
    switches::get(Switch::POOL) > 0
}

/// An empty buffer with room for `size` bytes, out of the pool or a new one.
pub fn take(size: usize) -> Vec<u8> {
    let mut pool = POOL.lock().expect("nothing panics with it");
    match pool.iter().rposition(|buffer| buffer.capacity() >= size) {
        Some(at) => {
            COUNTERS.pool_taken.fetch_add(1, Relaxed);
            pool.swap_remove(at)
        }
        None => Vec::with_capacity(size.max(BUFFER_BYTES_MIN)),
    }
}

/// Keep the buffer, or end it when there is no room.
pub fn give(mut buffer: Vec<u8>) {
    let mut pool = POOL.lock().expect("nothing panics with it");
    if pool.len() < BUFFERS_MAX && buffer.capacity() <= BUFFER_BYTES_MAX {
        buffer.clear();
        pool.push(buffer);
        COUNTERS.pool_given.fetch_add(1, Relaxed);
    }
}
