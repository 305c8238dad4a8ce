// SPDX-License-Identifier: MIT
//! counts.rs - Rust's default allocator, counted while a call is open on the thread.
//!
//! It calls what `System` calls, so that libc sees the same functions with the same sizes. A
//! reallocation counts as one free and one allocation.
use std::alloc::{GlobalAlloc, Layout, System};

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Counts {
    open_calls: u64,
    pub allocations: u64,
    pub allocated_bytes: u64,
    pub frees: u64,
}

extern "C" {
    fn ffi_service_thread_counts() -> *mut Counts;
}

/// Count on this thread from now on, until `close()`.
pub fn open() -> Counts {
    // SAFETY: the counts are this thread's alone, and nobody keeps a reference.
    unsafe {
        let counts = ffi_service_thread_counts();
        (*counts).open_calls += 1;
        *counts
    }
}

/// What was counted since `open()` returned `before`.
pub fn close(before: Counts) -> Counts {
    // SAFETY: as above.
    unsafe {
        let counts = ffi_service_thread_counts();
        (*counts).open_calls -= 1;
        Counts {
            open_calls: (*counts).open_calls,
            allocations: (*counts).allocations - before.allocations,
            allocated_bytes: (*counts).allocated_bytes - before.allocated_bytes,
            frees: (*counts).frees - before.frees,
        }
    }
}

fn count(allocated: Option<usize>, frees: u64) {
    // SAFETY: as above.
    unsafe {
        let counts = ffi_service_thread_counts();
        if (*counts).open_calls > 0 {
            (*counts).allocations += u64::from(allocated.is_some());
            (*counts).allocated_bytes += allocated.unwrap_or(0) as u64;
            (*counts).frees += frees;
        }
    }
}

struct Counted;

#[global_allocator]
static COUNTED: Counted = Counted;

// SAFETY: each function is System's, beside a count.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(Some(layout.size()), 0);
        System.alloc(layout)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(Some(layout.size()), 0);
        System.alloc_zeroed(layout)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(None, 1);
        System.dealloc(block, layout);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(Some(size), 1);
        System.realloc(block, layout, size)
    }
}
