/* SPDX-License-Identifier: MIT */
/*
 * session_internal.h - this process in a recording: options, the session, the shared image.
 *
 * Written once by the constructor, read-only afterwards, except where a comment says otherwise.
 */
#ifndef INSTRUMENT_SESSION_INTERNAL_H
#define INSTRUMENT_SESSION_INTERNAL_H

#include "ffi/rules.h"
#include "thread_internal.h"

enum fsc_session_limit { FSC_PATH_BYTES = 1024 };

struct fsc_settings {
	bool follow;
	bool standalone;	 /* no record process */
	uint32_t sink;		 /* enum fsc_sink */
	uint32_t transport;	 /* enum fsc_transport */
	uint32_t window_words;	 /* stack words copied for functions that no row describes */
	uint64_t ring_max_bytes; /* of one ring with its header */
	uint64_t profile_bytes;	 /* what the profile sink may take */
	uint32_t sample_one_in;	 /* what a new image begins with */
	char session[FSC_PATH_BYTES];
	char output[FSC_PATH_BYTES]; /* standalone: where the recording goes */
	struct fsc_rules rules;
};

extern struct fsc_settings fsc_settings FSC_HIDDEN;

/* A thread in the program drains the image, or tells its state to LTTng. */
static inline bool fsc_session_has_helper(void)
{
	return fsc_settings.standalone || fsc_settings.sink == FSC_SINK_LTTNG;
}

extern struct fsc_session *fsc_session FSC_HIDDEN; /* NULL while off */

/* Read the environment and map the session. false: stay off. */
bool fsc_session_start(char **environment) FSC_HIDDEN;

/*
 * Make this image's shared file, once per image; other threads wait for it, at most a second.
 * false: there is none, this image is not recorded.
 */
bool fsc_session_attach_image(void) FSC_HIDDEN;

/* Allocate a part of the image file that is mapped already. false: no memory. */
bool fsc_session_fill(uint64_t offset, uint64_t bytes) FSC_HIDDEN;

/* A piece of the image file's arena, mapped and filled. NULL: no memory. *offset: where it lies. */
void *fsc_session_map_piece(uint64_t bytes, uint64_t *offset) FSC_HIDDEN;

/* Concatenate into a buffer; always NUL-terminated, cut when too long. Returns the length. */
size_t fsc_text_join(char *buffer, size_t bytes, const char *const *parts) FSC_HIDDEN;

/* Decimal text of a number; buffer holds 21 bytes. */
const char *fsc_text_number(char *buffer, uint64_t value) FSC_HIDDEN;

/* The setting of an environment list, or NULL. */
const char *fsc_text_environment(char **environment, const char *name) FSC_HIDDEN;

size_t fsc_text_length(const char *text) FSC_HIDDEN;
bool fsc_text_same(const char *a, const char *b) FSC_HIDDEN;

#endif
