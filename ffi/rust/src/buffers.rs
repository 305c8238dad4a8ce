// SPDX-License-Identifier: MIT
//! buffers.rs - buffers that cross (ffi/abi.h), and their way back. Hosts of the tests free them
//! twice, with another length or behind our back; with the registry on none of that may crash.
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Mutex;

use crate::lists::{Switch, COUNTERS};
use crate::{pool, switches};

#[repr(C)]
pub struct ByteBuffer {
    ptr: *mut u8,
    len: usize,
    cap: usize,
}

/// The two-field style: an answer has no room to spare, so its length is its capacity.
#[repr(C)]
pub struct ByteSlice {
    ptr: *mut u8,
    len: usize,
}

impl ByteBuffer {
    pub const POOLED: bool = true;
}

impl ByteSlice {
    pub const POOLED: bool = false; // without a capacity there is no way back into the pool
}

impl From<Vec<u8>> for ByteBuffer {
    fn from(bytes: Vec<u8>) -> Self {
        if bytes.is_empty() {
            return Self { ptr: ptr::null_mut(), len: 0, cap: 0 };
        }
        let mut bytes = ManuallyDrop::new(bytes);
        Self { ptr: bytes.as_mut_ptr(), len: bytes.len(), cap: bytes.capacity() }
    }
}

impl From<Vec<u8>> for ByteSlice {
    fn from(bytes: Vec<u8>) -> Self {
        let ByteBuffer { ptr, len, .. } = bytes.into_boxed_slice().into_vec().into();
        Self { ptr, len }
    }
}

/// The live buffers by address, with their length, when the switch REGISTRY is on.
static REGISTRY: Mutex<Option<BTreeMap<usize, usize>>> = Mutex::new(None);

/// An address that is known already was freed behind our back: the new buffer replaces it.
pub fn registry_add(response: &[u8]) {
    if switches::get(Switch::REGISTRY) > 0 {
        let mut live = REGISTRY.lock().expect("nothing panics with it");
        live.get_or_insert_with(BTreeMap::new).insert(response.as_ptr() as usize, response.len());
    }
}

/// false: the registry is on and knows no such live buffer.
fn registry_take(address: usize, length: usize) -> bool {
    if switches::get(Switch::REGISTRY) == 0 {
        return true;
    }
    let mut live = REGISTRY.lock().expect("nothing panics with it");
    match live.as_mut().and_then(|live| live.remove(&address)) {
        Some(known) => {
            COUNTERS.frees_wrong_length.fetch_add(u64::from(known != length), Relaxed);
            true
        }
        None => {
            COUNTERS.frees_unknown.fetch_add(1, Relaxed);
            false
        }
    }
}

/// What the host gave up; None: no buffer, which is legal, or none of ours.
fn take_back(pointer: *mut u8, length: usize, capacity: usize) -> Option<Vec<u8>> {
    if pointer.is_null() || !registry_take(pointer as usize, length) {
        return None;
    }
    COUNTERS.freed.fetch_add(1, Relaxed);
    COUNTERS.live.fetch_sub(1, Relaxed);
    // SAFETY: it was a Vec's, and the host gives it up. A host that lies about the length makes no
    // difference: System frees by address.
    Some(unsafe { Vec::from_raw_parts(pointer, length, capacity) })
}

impl ByteBuffer {
    pub fn give_back(self) {
        match take_back(self.ptr, self.len, self.cap) {
            Some(bytes) if pool::is_on() => pool::give(bytes),
            bytes => drop(bytes),
        }
    }
}

impl ByteSlice {
    pub fn give_back(self) {
        drop(take_back(self.ptr, self.len, self.len));
    }
}
