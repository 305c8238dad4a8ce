/* SPDX-License-Identifier: MIT */
/*
 * folded_internal.h - the set of stacks is a tree of frames; stacks share their beginnings.
 */
#ifndef FLAMEGRAPHS_FOLDED_INTERNAL_H
#define FLAMEGRAPHS_FOLDED_INTERNAL_H

#include "flamegraphs/folded.h"

/* Index of a frame; frame 0 is the root, which has no name. 0 as a link means none. */
struct fsc_frame {
	char *name;
	uint32_t parent; /* less than the frame's own index */
	uint32_t depth;	 /* root: 0 */
	uint32_t first_child;
	uint32_t last_child;
	uint32_t next_sibling;
	uint64_t weight; /* of the stack that ends here */
};

struct fsc_folded {
	struct fsc_frame *frames;
	uint32_t frame_count;
	uint32_t frame_capacity;
	uint32_t *slots;     /* hash table of frame indices, 0 = empty */
	uint32_t slot_count; /* a power of two, more than frames */
	size_t text_bytes;
	uint64_t total;
};

/* The next frame of a walk, each before its children; 0 after the last. Begin with frame 0. */
uint32_t fsc_folded_next(const struct fsc_folded *folded, uint32_t frame);

/* FNV-1a over length bytes, going on from `hash`. */
uint32_t fsc_folded_hash(uint32_t hash, const void *bytes, size_t length);
enum fsc_folded_hash_seed { FSC_FOLDED_HASH_SEED = 0x811C9DC5 };

/* As fsc_folded_add(), for names that are not yet separated: `text` is cut at each `;`. */
FSC_MUST_CHECK enum fsc_status fsc_folded_add_line(struct fsc_folded *folded, const char *text,
						   size_t length, uint64_t weight);

#endif
