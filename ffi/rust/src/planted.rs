// SPDX-License-Identifier: MIT
//! planted.rs - delays of known length, and what really elapsed on CLOCK_MONOTONIC.
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

const SAMPLES: usize = 1 << 16; // the median is of the first so many delays

pub struct Delay {
    delay_ns: AtomicU64,   // of one delay, as planned
    planned_ns: AtomicU64, // total
    elapsed_ns: AtomicU64, // total
    count: AtomicU64,
    sample_ns: [AtomicU32; SAMPLES], // saturated
}

#[repr(C)]
pub struct DelayStats {
    planned_ns: u64,
    elapsed_ns: u64,
    count: u64,
    median_ns: u64,
}

impl Delay {
    pub const fn new() -> Self {
        #[allow(clippy::declare_interior_mutable_const)] // each sample is one of its own
        const ZERO: AtomicU32 = AtomicU32::new(0);
        Self {
            delay_ns: AtomicU64::new(0),
            planned_ns: AtomicU64::new(0),
            elapsed_ns: AtomicU64::new(0),
            count: AtomicU64::new(0),
            sample_ns: [ZERO; SAMPLES],
        }
    }

    pub fn set(&self, delay_ns: u64) {
        // Touch the pages now: a page fault would stand in a phase but not in elapsed_ns.
        if delay_ns > 0 {
            self.sample_ns.iter().for_each(|sample| sample.store(0, Relaxed));
        }
        self.delay_ns.store(delay_ns, Relaxed);
    }

    /// Wait busily until the end of the delay, and count it.
    pub fn wait(&self) {
        let delay_ns = self.delay_ns.load(Relaxed);
        if delay_ns == 0 {
            return;
        }
        let start = Instant::now();
        let elapsed_ns = loop {
            let elapsed_ns = start.elapsed().as_nanos() as u64;
            if elapsed_ns >= delay_ns {
                break elapsed_ns;
            }
        };
        let number = self.count.fetch_add(1, Relaxed) as usize;
        if let Some(sample) = self.sample_ns.get(number) {
            sample.store(elapsed_ns.try_into().unwrap_or(u32::MAX), Relaxed);
        }
        self.planned_ns.fetch_add(delay_ns, Relaxed);
        self.elapsed_ns.fetch_add(elapsed_ns, Relaxed);
    }

    pub fn stats(&self) -> DelayStats {
        let count = self.count.load(Relaxed);
        let samples = &self.sample_ns[..SAMPLES.min(count as usize)];
        let mut sorted: Vec<u32> = samples.iter().map(|sample| sample.load(Relaxed)).collect();
        let middle = sorted.len().saturating_sub(1) / 2;
        let median_ns = match sorted.is_empty() {
            true => 0,
            false => u64::from(*sorted.select_nth_unstable(middle).1),
        };
        DelayStats {
            planned_ns: self.planned_ns.load(Relaxed),
            elapsed_ns: self.elapsed_ns.load(Relaxed),
            count,
            median_ns,
        }
    }
}
