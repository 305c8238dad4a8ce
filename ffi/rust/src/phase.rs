// SPDX-License-Identifier: MIT
//! phase.rs - phases with a name that ffiscope shows: from `begin()` until the value is dropped,
//! which is also when a panic passes. Without the feature `marks` they are nothing at all.

pub use imp::{Phase, DECODE, ENCODE};

#[cfg(feature = "marks")]
mod imp {
    use std::os::raw::c_char;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    extern "C" {
        fn marks_name(name: *const c_char) -> u32;
        fn marks_begin(name: u32);
        fn marks_end(name: u32);
    }

    pub struct Name {
        text: &'static [u8], // ends with a NUL
        id: AtomicU32,       // 0: not known yet, or nobody records
    }

    pub static DECODE: Name = Name::new(b"decode\0");
    pub static ENCODE: Name = Name::new(b"encode\0");

    impl Name {
        const fn new(text: &'static [u8]) -> Self {
            Self { text, id: AtomicU32::new(0) }
        }

        fn id(&self) -> u32 {
            match self.id.load(Relaxed) {
                // SAFETY: the text ends with a NUL and is copied.
                0 => unsafe {
                    let id = marks_name(self.text.as_ptr().cast());
                    self.id.store(id, Relaxed);
                    id
                },
                id => id,
            }
        }
    }

    pub struct Phase(u32);

    impl Phase {
        pub fn begin(name: &Name) -> Self {
            let id = name.id();
            // SAFETY: any number may be given.
            unsafe { marks_begin(id) };
            Self(id)
        }
    }

    impl Drop for Phase {
        fn drop(&mut self) {
            // SAFETY: any number may be given.
            unsafe { marks_end(self.0) };
        }
    }
}

#[cfg(not(feature = "marks"))]
mod imp {
    pub struct Name;

    pub static DECODE: Name = Name;
    pub static ENCODE: Name = Name;

    pub struct Phase;

    impl Phase {
        pub fn begin(_: &Name) -> Self {
            Self
        }
    }
}
