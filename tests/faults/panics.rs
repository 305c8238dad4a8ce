// SPDX-License-Identifier: MIT
//! Rust panics through wrapped calls, caught at every level. A program and, built with `--cfg
//! library`, the library that it opens; both share one libstd, without which a panic of the one must
//! not be caught by the other.
#![feature(c_unwind)] // stable since Rust 1.71

type Callback = extern "C-unwind" fn(*const ());

#[cfg(library)]
mod library {
    use super::Callback;
    use std::panic::panic_any;
    use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

    static DROPPED: AtomicI64 = AtomicI64::new(0);

    struct Witness;

    impl Drop for Witness {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Relaxed);
        }
    }

    #[no_mangle]
    pub extern "C-unwind" fn proto2ffi_call(function: Callback, argument: *const ()) {
        let _here = Witness;
        function(argument);
    }

    #[no_mangle]
    pub extern "C-unwind" fn lib_call(function: Callback, argument: *const ()) {
        let _here = Witness;
        function(argument);
    }

    #[no_mangle]
    pub extern "C-unwind" fn lib_panic(level: i64) {
        let _here = Witness;
        panic_any(level);
    }

    #[no_mangle]
    pub extern "C" fn lib_add(a: i64, b: i64) -> i64 {
        a + b
    }

    #[no_mangle]
    pub extern "C" fn lib_dropped() -> i64 {
        DROPPED.load(Relaxed)
    }
}

#[cfg(not(library))]
mod program {
    use super::Callback;
    use std::any::Any;
    use std::env;
    use std::ffi::{CStr, CString};
    use std::mem::transmute_copy;
    use std::os::raw::{c_char, c_int, c_void};
    use std::panic::{catch_unwind, panic_any, set_hook, AssertUnwindSafe};
    use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
    use std::thread;

    const RTLD_NOW: c_int = 2; // glibc's dlfcn.h

    extern "C" {
        fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
        fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
        fn dlerror() -> *const c_char;
    }

    type Call = extern "C-unwind" fn(Callback, *const ());

    #[derive(Clone, Copy)]
    struct Library {
        proto2ffi_call: Call,
        lib_call: Call,
        lib_panic: extern "C-unwind" fn(i64),
        lib_add: extern "C" fn(i64, i64) -> i64,
        lib_dropped: extern "C" fn() -> i64,
    }

    #[derive(Clone, Copy)]
    struct Work {
        library: Library,
        left: i64,    // levels below this one
        catcher: i64, // the level that catches
        level: i64,
        in_library: bool, // who panics at the bottom
    }

    static CALLS: AtomicI64 = AtomicI64::new(0);
    static PANICS: AtomicI64 = AtomicI64::new(0);
    static UNWOUND: AtomicI64 = AtomicI64::new(0);
    static DESTROYED: AtomicI64 = AtomicI64::new(0);
    static CAUGHT: AtomicI64 = AtomicI64::new(0);

    struct Witness;

    impl Drop for Witness {
        fn drop(&mut self) {
            DESTROYED.fetch_add(1, Relaxed);
        }
    }

    unsafe fn get<Function>(library: *mut c_void, name: &CStr) -> Function {
        let found = dlsym(library, name.as_ptr());
        assert!(!found.is_null(), "{:?}", CStr::from_ptr(dlerror()));
        transmute_copy(&found)
    }

    fn open(path: &str) -> Library {
        let path = CString::new(path).expect("a path");
        let name = |text| CStr::from_bytes_with_nul(text).expect("a NUL at its end");
        // SAFETY: the functions are those of the library above.
        unsafe {
            let library = dlopen(path.as_ptr(), RTLD_NOW);
            assert!(!library.is_null(), "{:?}", CStr::from_ptr(dlerror()));
            Library {
                proto2ffi_call: get(library, name(b"proto2ffi_call\0")),
                lib_call: get(library, name(b"lib_call\0")),
                lib_panic: get(library, name(b"lib_panic\0")),
                lib_add: get(library, name(b"lib_add\0")),
                lib_dropped: get(library, name(b"lib_dropped\0")),
            }
        }
    }

    fn enter(work: Work) {
        let library = work.library;
        let call = if work.level % 2 == 1 { library.proto2ffi_call } else { library.lib_call };
        CALLS.fetch_add(1, Relaxed);
        call(level, (&work as *const Work).cast());
    }

    /// What passed the calls below `level` says how deep it began.
    fn caught(payload: Box<dyn Any + Send>, level: i64) {
        let bottom = *payload.downcast::<i64>().expect("a level");
        CAUGHT.fetch_add(1, Relaxed);
        UNWOUND.fetch_add(bottom - level, Relaxed);
    }

    extern "C-unwind" fn level(argument: *const ()) {
        // SAFETY: it is enter()'s.
        let mut work = unsafe { *argument.cast::<Work>() };
        let _here = Witness;
        work.level += 1;
        work.left -= 1;
        if work.left < 0 {
            if work.in_library {
                PANICS.fetch_add(1, Relaxed);
                (work.library.lib_panic)(work.level + 1);
            }
            panic_any(work.level);
        }
        if work.level != work.catcher {
            return enter(work);
        }
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| enter(work))) {
            caught(payload, work.level);
        }
    }

    fn work(library: Library, number: i64) -> Work {
        let (left, catcher) = (number % 7, number / 7 % 5);
        Work { library, left, catcher, level: 0, in_library: number % 3 == 0 }
    }

    fn say(name: &str, value: i64) {
        println!("{name}={value}");
    }

    pub fn run() {
        let mut arguments = env::args().skip(1);
        let library = open(&arguments.next().expect("the library"));
        let mut adds = 0;

        set_hook(Box::new(|_| ()));
        for number in 0..2000 {
            let outer = work(library, number);
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| enter(outer))) {
                caught(payload, 0);
            }
            if (library.lib_add)(number, 1) != number + 1 {
                println!("wrong");
            }
            adds += 1;
        }
        // A thread's start catches what ends the thread.
        for number in 0..20 {
            let outer = Work { catcher: 0, ..work(library, number) };
            match thread::spawn(move || enter(outer)).join() {
                Err(payload) => caught(payload, 0),
                Ok(()) => println!("wrong"),
            }
        }
        say("calls", CALLS.load(Relaxed));
        say("panics", PANICS.load(Relaxed));
        say("unwound", UNWOUND.load(Relaxed));
        say("adds", adds);
        say("destroyed", DESTROYED.load(Relaxed));
        say("dropped", (library.lib_dropped)());
        say("caught", CAUGHT.load(Relaxed));
        if arguments.next().is_some() {
            (library.lib_panic)(0); // nobody catches this one
        }
    }
}

#[cfg(not(library))]
fn main() {
    program::run();
}
