// SPDX-License-Identifier: MIT
//! The reference service in Rust: the entry points of ffi/service/service.h over prost.
//!
//! In:     encoded requests, read during the call only.
//! Out:    responses that the host owns until it gives them back, once, to the free function of
//!         their style. No buffer means: refused.
//! Cost:   a microsecond or two a call, plus what is planted (ffi/service/switches.def).
//! Thread: every function from any thread.
//!
//! A panic may leave the functions with work (`extern "C-unwind"`): it passes into the host where
//! panics unwind, and ends the program where they abort.
#![deny(warnings)]
#![feature(c_unwind)] // stable since Rust 1.71; build.sh says how 1.63 takes it

mod buffers;
mod call;
mod counts;
mod lists;
mod phase;
mod planted;
mod pool;
mod raw;
mod switches;
mod work;

mod messages {
    include!(concat!(env!("OUT_DIR"), "/ffi_service.rs"));
}

use std::ffi::CStr;
use std::os::raw::c_char;
use std::slice;

use buffers::{ByteBuffer, ByteSlice};
use call::Call;
use lists::MemoryStats;
use raw::{RawPost, RawUser};

/// The request of a host; it may have none.
///
/// # Safety
/// `data` is NULL or the start of `len` bytes that stay as they are during the call.
unsafe fn request<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if data.is_null() || len == 0 {
        return &[];
    }
    slice::from_raw_parts(data, len)
}

macro_rules! methods {
    ($($name:ident: $work:path => $response:ty),* $(,)?) => {
        $(
            /// # Safety
            /// As `request()`.
            #[no_mangle]
            pub unsafe extern "C-unwind" fn $name(data: *const u8, len: usize) -> $response {
                call::run(request(data, len), $work, <$response>::POOLED).into()
            }
        )*
    };
}

methods! {
    proto2ffi_say_hello: work::hello => ByteBuffer,
    proto2ffi_get_user: work::user => ByteBuffer,
    proto2ffi_get_post: work::post => ByteBuffer,
    proto2ffi_process_batch: work::batch => ByteBuffer,
    calculator_process: work::calculator => ByteSlice,
}

#[no_mangle]
pub extern "C" fn proto2ffi_free_byte_buffer(buffer: ByteBuffer) {
    buffer.give_back();
}

#[no_mangle]
pub extern "C" fn calculator_free_buffer(buffer: ByteSlice) {
    buffer.give_back();
}

/// # Safety
/// `out` is the host's, with room for one.
#[no_mangle]
pub unsafe extern "C" fn proto2ffi_get_user_raw(out: *mut RawUser, id: u64) {
    let _call = Call::begin(0);
    out.write(RawUser::of(id));
}

/// # Safety
/// `out` is the host's, with room for one.
#[no_mangle]
pub unsafe extern "C" fn proto2ffi_get_post_raw(out: *mut RawPost, id: u64) {
    let _call = Call::begin(0);
    out.write(RawPost::of(id));
}

#[no_mangle]
pub extern "C" fn proto2ffi_noop() {}

#[no_mangle]
pub extern "C" fn proto2ffi_add(a: u64, b: u64) -> u64 {
    a.wrapping_add(b)
}

#[no_mangle]
pub extern "C" fn proto2ffi_memory_stats() -> MemoryStats {
    MemoryStats::read()
}

#[no_mangle]
pub extern "C" fn init_service() {
    switches::read_environment();
}

/// # Safety
/// `name` is a C string. Not while other calls run.
#[no_mangle]
pub unsafe extern "C" fn ffi_service_set(name: *const c_char, value: u64) {
    if let Ok(name) = CStr::from_ptr(name).to_str() {
        switches::set(name, value);
    }
}
