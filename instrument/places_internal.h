/* SPDX-License-Identifier: MIT */
/*
 * places_internal.h - the word that a boundary row points at, read out of a call.
 *
 * In:     the frame of a call that has returned, and a place of its row.
 * Out:    the word, or that it is not known. What is not in a register is read guarded.
 * Cost:   a few instructions; memory beyond the frame's pages asks as fsc_readable() does.
 * Thread: the frame's own. Runs in a hook: no vector register, no call.
 */
#ifndef INSTRUMENT_PLACES_INTERNAL_H
#define INSTRUMENT_PLACES_INTERNAL_H

#include "ffi/boundary.h"
#include "readable_internal.h"

static inline bool fsc_place_load(const struct fsc_frame *frame, uintptr_t address, uint64_t *word)
{
	if (!fsc_readable(frame, address, FSC_ARCH_WORD))
		return false;
	*word = *(const uintptr_t *)address;
	return true;
}

/* The index-th integer argument. */
static inline bool fsc_place_argument(const struct fsc_frame *frame, uint32_t index, uint64_t *word)
{
	if (FSC_LIKELY(index < FSC_ARCH_ARGUMENT_REGISTERS)) {
		*word = frame->argument[index];
		return true;
	}
	index -= FSC_ARCH_ARGUMENT_REGISTERS - FSC_ARCH_REGISTERS_ON_STACK;
	return fsc_place_load(frame, (uintptr_t)(fsc_arch_stack_arguments(frame) + index), word);
}

/*
 * The word at that place, after the call. hidden: the call returned a struct in memory.
 * false: the row does not say, or what it says cannot be read.
 */
static inline bool fsc_place_word(const struct fsc_frame *frame, struct fsc_place place,
				  bool hidden, uint64_t *word)
{
	uint32_t before = hidden ? FSC_ARCH_HIDDEN_ARGUMENTS : 0;

	switch (place.from) {
	case FSC_FROM_ARG:
		return fsc_place_argument(frame, place.index + before, word);
	case FSC_FROM_INT:
		if (!fsc_place_argument(frame, place.index + before, word))
			return false;
		*word &= UINT32_MAX;
		return *word <= INT32_MAX; /* a negative length is none */
	case FSC_FROM_POINTED:
		return fsc_place_argument(frame, place.index / FSC_STRUCT_WORDS + before, word) &&
		       fsc_place_load(frame,
				      (uintptr_t)*word +
					      FSC_ARCH_WORD * (place.index % FSC_STRUCT_WORDS),
				      word);
	case FSC_FROM_RETURN:
		if (hidden)
			return fsc_place_load(
				frame, fsc_arch_hidden(frame) + FSC_ARCH_WORD * place.index, word);
		if (place.index > 1)
			return false;
		*word = frame->result[place.index];
		return true;
	case FSC_FROM_BY_VALUE:
		return fsc_place_load(frame,
				      fsc_arch_by_value(frame, place.index / FSC_STRUCT_WORDS) +
					      FSC_ARCH_WORD * (place.index % FSC_STRUCT_WORDS),
				      word);
	default:
		return false;
	}
}

#endif
