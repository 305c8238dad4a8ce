// SPDX-License-Identifier: MIT
//! lists.rs - the counters, delays and switches that the C service declares, as build.rs found them
//! in memory_stats.def and switches.def.
use std::sync::atomic::AtomicU64;

use crate::planted::{Delay, DelayStats};

macro_rules! counters {
    ($($name:ident),*) => {
        pub struct Counters { $(pub $name: AtomicU64),* }

        pub static COUNTERS: Counters = Counters { $($name: AtomicU64::new(0)),* };

        #[repr(C)]
        pub struct CounterStats { $(pub $name: u64),* }

        impl CounterStats {
            pub fn read() -> Self {
                Self { $($name: COUNTERS.$name.load(std::sync::atomic::Ordering::Relaxed)),* }
            }
        }
    };
}

macro_rules! delays {
    ($($name:ident),*) => {
        pub struct Delays { $(pub $name: Delay),* }

        pub static DELAYS: Delays = Delays { $($name: Delay::new()),* };

        /// In the order of memory_stats.def, in which the first switches stand too.
        pub static ALL_DELAYS: &[&Delay] = &[$(&DELAYS.$name),*];

        #[repr(C)]
        pub struct MemoryStats {
            counters: CounterStats,
            $($name: DelayStats),*
        }

        impl MemoryStats {
            pub fn read() -> Self {
                Self { counters: CounterStats::read(), $($name: DELAYS.$name.stats()),* }
            }
        }
    };
}

macro_rules! switches {
    ($($name:ident = $start:literal),*) => {
        // Names are those of the .def file; delays are read by their own objects.
        #[allow(dead_code, non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy)]
        pub enum Switch { $($name),* }

        pub static SWITCHES: [(&str, AtomicU64); [$($start),*].len()] =
            [$((stringify!($name), AtomicU64::new($start))),*];
    };
}

include!(concat!(env!("OUT_DIR"), "/lists.rs"));
