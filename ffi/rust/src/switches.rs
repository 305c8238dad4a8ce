// SPDX-License-Identifier: MIT
//! switches.rs - switches come from the environment once, at first use, and may be set later by the
//! host.
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Once;

use crate::lists::{Switch, ALL_DELAYS, SWITCHES};

pub fn get(which: Switch) -> u64 {
    SWITCHES[which as usize].1.load(Relaxed)
}

fn set_index(index: usize, value: u64) {
    SWITCHES[index].1.store(value, Relaxed);
    // The delays are the first switches (switches.def).
    if let Some(delay) = ALL_DELAYS.get(index) {
        delay.set(value);
    }
}

pub fn read_environment() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (index, (name, _)) in SWITCHES.iter().enumerate() {
            let text = std::env::var(format!("FFI_SERVICE_{name}"));
            if let Some(value) = text.ok().and_then(|text| text.parse().ok()) {
                set_index(index, value);
            }
        }
    });
}

/// With or without FFI_SERVICE_; an unknown name changes nothing.
pub fn set(name: &str, value: u64) {
    read_environment();
    let name = name.strip_prefix("FFI_SERVICE_").unwrap_or(name);
    if let Some(index) = SWITCHES.iter().position(|(known, _)| *known == name) {
        set_index(index, value);
    }
}
