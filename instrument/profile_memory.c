/* SPDX-License-Identifier: MIT */
/*
 * Where the profile sink keeps its distributions: one region of the image, mapped whole and filled
 * piece by piece. Slow paths, called from inside hooks. What is hard: memory is allocated in the
 * file before it is touched, so that no SIGBUS can come of it, and a place is told to readers only
 * when what lies there is complete. Begin at fsc_profile_make().
 */
#include "profile_internal.h"

#include "session_internal.h"
#include "system_internal.h"

/* Of threads for whose directory there was no room: nothing is ever stored here. */
static uint32_t no_cells[FSC_SITES_MAX * FSC_PROFILE_KINDS];

enum { REGION_LEAST = 256 * 1024, UNITS_PER_CHUNK = FSC_PROFILE_CHUNK / FSC_PROFILE_UNIT };

bool fsc_profile_start(struct fsc_image *image, const char *path)
{
	uint64_t bytes = fsc_settings.profile_bytes, room = image->file_bytes - image->arena_next;
	long fd;

	if (bytes > room / 2)
		bytes = (room / 2) & ~(uint64_t)(FSC_PROFILE_CHUNK - 1);
	if (bytes < REGION_LEAST || bytes > SIZE_MAX)
		return false;
	fd = system_open(path, O_RDWR, 0);
	if (fd < 0)
		return false;
	fsc_live->profile = system_map(fd, image->arena_next, bytes);
	system_close(fd);
	if (!fsc_live->profile)
		return false;
	system_advise(fsc_live->profile, bytes, MADV_DONTFORK);
	image->profile_offset = image->arena_next;
	image->profile_bytes = bytes;
	image->profile_next = FSC_PROFILE_CHUNK; /* place 0 is none */
	image->arena_next += bytes;
	return true;
}

/* A piece of whole chunks for a slot alone, filled. Returns its place, 0 = no room. */
static uint32_t take_chunks(uint64_t bytes)
{
	struct fsc_image *image = fsc_live->image;
	uint64_t next = __atomic_load_n(&image->profile_next, __ATOMIC_RELAXED);

	bytes = (bytes + FSC_PROFILE_CHUNK - 1) & ~(uint64_t)(FSC_PROFILE_CHUNK - 1);
	do {
		if (next > image->profile_bytes || bytes > image->profile_bytes - next)
			return 0;
	} while (!__atomic_compare_exchange_n(&image->profile_next, &next, next + bytes, false,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (!fsc_session_fill(image->profile_offset + next, bytes))
		return 0;
	system_advise(fsc_live->profile + next, bytes, MADV_POPULATE_WRITE);
	return (uint32_t)(next / FSC_PROFILE_UNIT);
}

/* So many bytes of the slot's present chunk, or of a new one; all zero. Returns the place. */
static uint32_t take(struct fsc_profile_slot *slot, size_t bytes)
{
	uint32_t units = (uint32_t)((bytes + FSC_PROFILE_UNIT - 1) / FSC_PROFILE_UNIT);
	uint32_t place;

	if (units > UNITS_PER_CHUNK)
		return take_chunks(bytes);
	if (units > slot->chunk_end - slot->chunk) {
		place = take_chunks(FSC_PROFILE_CHUNK);
		if (!place)
			return 0;
		slot->chunk = place;
		slot->chunk_end = place + UNITS_PER_CHUNK;
	}
	place = slot->chunk;
	slot->chunk += units;
	return place;
}

static struct fsc_profile_slot *slot_of(const struct fsc_cursor *cursor)
{
	const struct fsc_slot *slots =
		(const struct fsc_slot *)((char *)fsc_live->image + FSC_SLOTS_OFFSET);
	uint32_t place = slots[cursor->slot].profile;

	return place ? fsc_profile_at(cursor, place) : NULL;
}

void fsc_profile_grow(struct fsc_cursor *cursor, struct fsc_slot *slot, uint32_t site_limit)
{
	struct fsc_profile_slot *mine =
		slot->profile ? fsc_profile_at(cursor, slot->profile) : NULL;
	uint32_t *larger, place = 0;

	if (mine && mine->site_limit >= site_limit)
		place = mine->directory;
	else if (mine)
		place = take(mine, (size_t)site_limit * FSC_PROFILE_KINDS * sizeof(*larger));
	if (!place) {
		cursor->profile_cells = no_cells;
		cursor->no_profile = 1;
		return;
	}
	larger = fsc_profile_at(cursor, place);
	if (place != mine->directory) {
		for (uint32_t i = 0; i < mine->site_limit * FSC_PROFILE_KINDS; i++)
			larger[i] = cursor->profile_cells[i];
		mine->site_limit = site_limit;
		mine->directory = place;
	}
	cursor->profile_cells = larger;
}

void fsc_profile_attach(struct fsc_cursor *cursor, struct fsc_slot *slot)
{
	uint32_t place = slot->profile;
	struct fsc_profile_slot *mine;

	cursor->profile = fsc_live->profile;
	cursor->profile_cells = no_cells;
	cursor->no_profile = 0;
	if (!place) {
		place = take_chunks(FSC_PROFILE_CHUNK);
		if (place) {
			mine = fsc_profile_at(cursor, place);
			mine->chunk = place + sizeof(*mine) / FSC_PROFILE_UNIT;
			mine->chunk_end = place + UNITS_PER_CHUNK;
			__atomic_store_n(&slot->profile, place, __ATOMIC_RELEASE);
		}
	}
	fsc_profile_grow(cursor, slot, slot->counter_limit);
	if (cursor->profile_cells == no_cells)
		return;
	/* Each thread finds its cells anew, and is counted there. */
	for (uint32_t i = 0; i < slot->counter_limit * FSC_PROFILE_KINDS; i++)
		cursor->profile_cells[i] = 0;
}

static uint64_t make_octave(struct fsc_cursor *cursor, const struct fsc_profile_wanted *wanted)
{
	uint32_t counts = wanted->octave ? FSC_PROFILE_PER_OCTAVE : 2 * FSC_PROFILE_PER_OCTAVE;
	uint32_t place = take(slot_of(cursor), counts * sizeof(uint64_t));

	if (!place) {
		cursor->no_profile = 1;
		return 0;
	}
	__atomic_store_n(&wanted->cell->octave[wanted->octave],
			 fsc_profile_counts(wanted->octave, place), __ATOMIC_RELEASE);
	return (uintptr_t)fsc_profile_at(cursor, place);
}

/* A cell that another thread of the slot left. */
static uint32_t find_cell(const struct fsc_cursor *cursor, const struct fsc_profile_slot *slot,
			  const struct fsc_profile_wanted *wanted)
{
	const struct fsc_profile_cell *cell;
	uint32_t place = slot->cells;

	for (; place; place = cell->next) {
		cell = fsc_profile_at(cursor, place);
		if (cell->site == wanted->site && cell->kind == wanted->kind &&
		    cell->phase == wanted->phase)
			break;
	}
	return place;
}

static uint32_t new_cell(const struct fsc_cursor *cursor, struct fsc_profile_slot *slot,
			 const struct fsc_profile_wanted *wanted)
{
	uint32_t place = take(slot, sizeof(struct fsc_profile_cell));
	struct fsc_profile_cell *cell;

	if (!place)
		return 0;
	cell = fsc_profile_at(cursor, place);
	cell->least_ticks = UINT64_MAX;
	cell->site = (uint16_t)wanted->site;
	cell->kind = (uint8_t)wanted->kind;
	cell->phase = wanted->phase;
	cell->next = slot->cells;
	__atomic_store_n(&slot->cells, place, __ATOMIC_RELEASE);
	return place;
}

static uint64_t make_cell(struct fsc_cursor *cursor, const struct fsc_profile_wanted *wanted)
{
	uint32_t *head = fsc_profile_place(cursor, wanted->site, wanted->kind);
	struct fsc_profile_slot *slot = slot_of(cursor);
	uint32_t place = find_cell(cursor, slot, wanted);
	struct fsc_profile_cell *cell;

	if (!place && !cursor->no_profile)
		place = new_cell(cursor, slot, wanted);
	if (!place) {
		cursor->no_profile = 1;
		return 0;
	}
	cell = fsc_profile_at(cursor, place);
	cell->threads++;
	cell->more = *head;
	/* A signal handler may jump out of here: the list never leads anywhere else. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*head = place;
	return (uintptr_t)cell;
}

uint64_t fsc_profile_make(void *argument)
{
	struct fsc_profile_wanted *wanted = argument;
	struct fsc_cursor *cursor = wanted->thread->cursor;

	if (cursor->profile_cells == no_cells)
		return 0;
	if (wanted->cell)
		return cursor->no_profile ? 0 : make_octave(cursor, wanted);
	if (wanted->site >= cursor->counter_limit &&
	    !fsc_attach_counters(wanted->thread, wanted->site))
		return 0;
	return make_cell(cursor, wanted);
}
