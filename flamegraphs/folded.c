/* SPDX-License-Identifier: MIT */
/*
 * What is hard: a set may come from a hostile file, so a frame's children are found by a hash of
 * (parent, name), never by a walk along its siblings. Begin at enter_frame().
 */
#include "flamegraphs/folded_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_FIRST = 64, SLOTS_FIRST = 256 };

uint32_t fsc_folded_hash(uint32_t hash, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ byte[i]) * 16777619U; /* the FNV prime for 32 bits */
	return hash;
}

enum fsc_status fsc_folded_create(struct fsc_folded **out)
{
	struct fsc_folded *folded = calloc(1, sizeof(*folded));

	*out = NULL;
	if (!folded)
		return FSC_E_NOMEM;
	folded->frames = calloc(FRAMES_FIRST, sizeof(*folded->frames));
	folded->slots = calloc(SLOTS_FIRST, sizeof(*folded->slots));
	if (!folded->frames || !folded->slots) {
		fsc_folded_destroy(folded);
		return FSC_E_NOMEM;
	}
	folded->frame_count = 1;
	folded->frame_capacity = FRAMES_FIRST;
	folded->slot_count = SLOTS_FIRST;
	*out = folded;
	return FSC_OK;
}

void fsc_folded_destroy(struct fsc_folded *folded)
{
	if (!folded)
		return;
	for (uint32_t i = 1; i < folded->frame_count; i++)
		free(folded->frames[i].name);
	free(folded->frames);
	free(folded->slots);
	free(folded);
}

static uint32_t hash_of(uint32_t parent, const char *name, size_t length)
{
	uint32_t hash = fsc_folded_hash(FSC_FOLDED_HASH_SEED, &parent, sizeof(parent));

	return fsc_folded_hash(hash, name, length);
}

/* Where a frame stands in the table, or the empty place where it belongs. */
static uint32_t *slot_of(const struct fsc_folded *folded, uint32_t parent, const char *name,
			 size_t length)
{
	uint32_t at = hash_of(parent, name, length);
	const struct fsc_frame *frame;

	for (;; at++) {
		uint32_t *slot = &folded->slots[at & (folded->slot_count - 1)];

		if (!*slot)
			return slot;
		frame = &folded->frames[*slot];
		if (frame->parent == parent && !strncmp(frame->name, name, length) &&
		    frame->name[length] == '\0')
			return slot;
	}
}

static enum fsc_status grow_frames(struct fsc_folded *folded)
{
	uint32_t capacity = folded->frame_capacity * 2;
	struct fsc_frame *frames;

	if (folded->frame_count >= FSC_FOLDED_FRAMES_MAX)
		return FSC_E_LIMIT;
	if (folded->frame_count < folded->frame_capacity)
		return FSC_OK;
	frames = realloc(folded->frames, capacity * sizeof(*frames));
	if (!frames)
		return FSC_E_NOMEM;
	folded->frames = frames;
	folded->frame_capacity = capacity;
	return FSC_OK;
}

/* Keep the table at most half full. */
static enum fsc_status grow_slots(struct fsc_folded *folded)
{
	uint32_t *old = folded->slots, count = folded->slot_count * 2;
	const struct fsc_frame *frame;

	if (folded->frame_count < folded->slot_count / 2)
		return FSC_OK;
	folded->slots = calloc(count, sizeof(*folded->slots));
	if (!folded->slots) {
		folded->slots = old;
		return FSC_E_NOMEM;
	}
	folded->slot_count = count;
	for (uint32_t i = 1; i < folded->frame_count; i++) {
		frame = &folded->frames[i];
		*slot_of(folded, frame->parent, frame->name, strlen(frame->name)) = i;
	}
	free(old);
	return FSC_OK;
}

static void append_child(struct fsc_folded *folded, uint32_t parent, uint32_t child)
{
	struct fsc_frame *above = &folded->frames[parent];

	if (above->last_child)
		folded->frames[above->last_child].next_sibling = child;
	else
		above->first_child = child;
	above->last_child = child;
}

/* The child of that (clean) name, made if need be. */
static enum fsc_status find_child(struct fsc_folded *folded, uint32_t parent, const char *name,
				  uint32_t *out)
{
	size_t length = strlen(name);
	enum fsc_status status;
	uint32_t *slot;
	char *copy;

	*out = *slot_of(folded, parent, name, length);
	if (*out)
		return FSC_OK;
	if (length >= FSC_FOLDED_TEXT_MAX - folded->text_bytes)
		return FSC_E_LIMIT;
	status = grow_frames(folded);
	if (!status)
		status = grow_slots(folded);
	if (status)
		return status;
	copy = strdup(name);
	if (!copy)
		return FSC_E_NOMEM;
	slot = slot_of(folded, parent, name, length);
	*out = *slot = folded->frame_count++;
	folded->frames[*out] = (struct fsc_frame){
		.name = copy,
		.parent = parent,
		.depth = folded->frames[parent].depth + 1,
	};
	folded->text_bytes += length + 1;
	append_child(folded, parent, *out);
	return FSC_OK;
}

/* Go from *frame to its child of that name, which is `length` bytes of anything. */
static enum fsc_status enter_frame(struct fsc_folded *folded, uint32_t *frame, const char *name,
				   size_t length)
{
	char *clean;
	enum fsc_status status;

	if (folded->frames[*frame].depth >= FSC_FOLDED_DEPTH_MAX || length > FSC_FOLDED_LINE_MAX)
		return FSC_E_LIMIT;
	clean = malloc(length + 2);
	if (!clean)
		return FSC_E_NOMEM;
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)name[i];

		clean[i] = byte == ';' ? ':' : byte < 0x20 || byte == 0x7F ? ' ' : name[i];
	}
	if (!length)
		clean[length++] = '?';
	clean[length] = '\0';
	status = find_child(folded, *frame, clean, frame);
	free(clean);
	return status;
}

static enum fsc_status add_weight(struct fsc_folded *folded, uint32_t frame, uint64_t weight)
{
	if (__builtin_add_overflow(folded->total, weight, &folded->total)) {
		folded->total -= weight; /* unsigned: undoes the wrapped addition */
		return FSC_E_LIMIT;
	}
	folded->frames[frame].weight += weight; /* at most the total */
	return FSC_OK;
}

enum fsc_status fsc_folded_add(struct fsc_folded *folded, const char *const *names, size_t depth,
			       uint64_t weight)
{
	enum fsc_status status = FSC_OK;
	uint32_t frame = 0;

	for (size_t i = 0; i < depth && !status; i++)
		status = enter_frame(folded, &frame, names[i], strlen(names[i]));
	return status ? status : add_weight(folded, frame, weight);
}

enum fsc_status fsc_folded_add_line(struct fsc_folded *folded, const char *text, size_t length,
				    uint64_t weight)
{
	const char *end = text + length, *cut = text;
	enum fsc_status status = FSC_OK;
	uint32_t frame = 0;

	while (cut < end && !status) {
		cut = memchr(text, ';', (size_t)(end - text));
		cut = cut ? cut : end;
		status = enter_frame(folded, &frame, text, (size_t)(cut - text));
		text = cut + 1;
	}
	return status ? status : add_weight(folded, frame, weight);
}

uint64_t fsc_folded_total(const struct fsc_folded *folded)
{
	return folded->total;
}

uint32_t fsc_folded_next(const struct fsc_folded *folded, uint32_t frame)
{
	const struct fsc_frame *at = &folded->frames[frame];

	if (at->first_child)
		return at->first_child;
	while (frame && !at->next_sibling) {
		frame = at->parent;
		at = &folded->frames[frame];
	}
	return frame ? at->next_sibling : 0;
}

static void write_stack(const struct fsc_folded *folded, uint32_t frame, FILE *out)
{
	const char *names[FSC_FOLDED_DEPTH_MAX];
	uint32_t depth = folded->frames[frame].depth;

	for (uint32_t at = depth; at > 0; at--) {
		names[at - 1] = folded->frames[frame].name;
		frame = folded->frames[frame].parent;
	}
	for (uint32_t at = 0; at < depth; at++)
		fprintf(out, at ? ";%s" : "%s", names[at]);
}

enum fsc_status fsc_folded_write(const struct fsc_folded *folded, FILE *out)
{
	uint32_t frame = 0;

	while ((frame = fsc_folded_next(folded, frame)) != 0) {
		if (!folded->frames[frame].weight)
			continue;
		write_stack(folded, frame, out);
		fprintf(out, " %" PRIu64 "\n", folded->frames[frame].weight);
	}
	return ferror(out) ? FSC_E_IO : FSC_OK;
}
