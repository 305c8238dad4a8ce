/* SPDX-License-Identifier: MIT */
/*
 * ffiscope.h - name phases and moments of a program for ffiscope. Optional.
 *
 * In:     names, interned once; then begin/end around a phase, or a mark.
 * Out:    phase and mark events in the recording, if there is one.
 * Cost:   not recorded: a test of a weak symbol. Recorded: begin and end are each one clock reading
 * and some 10 ns. Thread: any; phases nest per thread. A phase that is begun inside a wrapped call
 * counts on the library's side, else on the host's. "encode", "decode" and "work" are the phases of
 * that name in every report; any other name gets a row of its own.
 *
 * The functions are defined by libffiscope.so, which `ffiscope record` preloads. A program that is
 * linked or loaded without it finds them NULL: the inline functions below test that, so that one
 * binary serves both. A host in another language looks them up with dlsym(RTLD_DEFAULT, ...).
 *
 *   static uint32_t parse;
 *   if (!parse) parse = ffiscope_name("parse");
 *   ffiscope_phase_begin(parse); ... ffiscope_phase_end(parse);
 */
#ifndef FFISCOPE_H
#define FFISCOPE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The id of a name, for the other functions. The text is copied. 0: not recording, or the table of
 * names (512 KiB) is full; every function ignores 0.
 */
__attribute__((weak)) uint32_t ffiscope_intern(const char *name);

/* Begin a phase on this thread. More than 16 open at once are not timed. */
__attribute__((weak)) void ffiscope_begin(uint32_t name);

/* End the newest open phase of that name; phases begun inside it that never ended are dropped. */
__attribute__((weak)) void ffiscope_end(uint32_t name);

/* A moment worth finding again. */
__attribute__((weak)) void ffiscope_mark(uint32_t name);

static inline uint32_t ffiscope_name(const char *name)
{
	return ffiscope_intern ? ffiscope_intern(name) : 0;
}

static inline void ffiscope_phase_begin(uint32_t name)
{
	if (ffiscope_begin)
		ffiscope_begin(name);
}

static inline void ffiscope_phase_end(uint32_t name)
{
	if (ffiscope_end)
		ffiscope_end(name);
}

static inline void ffiscope_moment(uint32_t name)
{
	if (ffiscope_mark)
		ffiscope_mark(name);
}

#ifdef __cplusplus
}
#endif

#endif
