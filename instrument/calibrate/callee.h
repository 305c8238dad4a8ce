/* SPDX-License-Identifier: MIT */
/* callee.h - what libffiscope_callee.so exports to ffiscope-calibrate. */
#ifndef INSTRUMENT_CALIBRATE_CALLEE_H
#define INSTRUMENT_CALIBRATE_CALLEE_H

#include <stdint.h>

uint64_t proto2ffi_calibrate_callee(uint64_t value);
extern uint64_t (*const ffi_calibrate_bare)(uint64_t);

#endif
