// SPDX-License-Identifier: MIT
//! A library with Rust's default allocator, untouched: what each function asks of it is known.
#![feature(bench_black_box)] // stable since Rust 1.66
use std::alloc::{alloc, dealloc, realloc, Layout};
use std::hint::black_box;

/// malloc 100, realloc 300, realloc 200; free.
#[no_mangle]
pub extern "C" fn grow_and_shrink() {
    let mut bytes: Vec<u8> = black_box(Vec::with_capacity(100));
    bytes.reserve_exact(300);
    bytes.extend_from_slice(black_box(&[1; 200]));
    bytes.shrink_to_fit();
    drop(black_box(bytes));
}

/// calloc 1000; free.
#[no_mangle]
pub extern "C" fn zeroed() {
    drop(black_box(vec![0u8; black_box(1000)]));
}

/// posix_memalign 4096; the same of 8192 and a free, which is how an aligned block grows; free.
#[no_mangle]
pub extern "C" fn aligned() {
    let layout = Layout::from_size_align(4096, 64).expect("a layout");
    // SAFETY: the layouts are those of the blocks.
    unsafe {
        let block = black_box(alloc(layout));
        let grown = black_box(realloc(block, layout, 8192));
        dealloc(grown, Layout::from_size_align_unchecked(8192, 64));
    }
}

/// malloc 48, which the next one frees: 48 asked for and 48 given back in turn.
#[no_mangle]
pub extern "C" fn boxed(old: Option<Box<[u64; 6]>>) -> Option<Box<[u64; 6]>> {
    drop(old);
    Some(black_box(Box::new([7; 6])))
}

/// Nothing: a value of no size needs no memory.
#[no_mangle]
pub extern "C" fn nothing() {
    drop(black_box(Box::new(())));
    drop(black_box(Vec::<u64>::new()));
}
