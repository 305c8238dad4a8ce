/* SPDX-License-Identifier: MIT */
/*
 * Each piece is a fixed-point slope with as many bits as fit (piece_slope), rounded down: then a
 * piece never runs past the pair at its end, which keeps the map monotone, and every pair is the
 * begin of a piece, which makes it exact there. Begin reading at fsc_clock_map_finish().
 */
#include "analyzers/clock_map.h"

#include <stdlib.h>

enum { NS_PER_S = 1000000000 };
static const int64_t ns_max = (int64_t)1 << 61;

void fsc_clock_map_init(struct fsc_clock_map *map)
{
	*map = (struct fsc_clock_map){ 0 };
}

void fsc_clock_map_fini(struct fsc_clock_map *map)
{
	free(map->pieces);
	fsc_clock_map_init(map);
}

enum fsc_status fsc_clock_map_add(struct fsc_clock_map *map, uint64_t ticks, uint64_t monotonic_ns,
				  uint64_t bracket_ticks)
{
	size_t capacity = map->capacity ? map->capacity * 2 : 64;
	struct fsc_clock_piece *pieces;

	if (monotonic_ns > (uint64_t)ns_max) {
		map->refused++;
		return FSC_OK;
	}
	if (map->count >= FSC_CLOCK_PAIRS_MAX)
		return FSC_E_LIMIT;
	if (map->count == map->capacity) {
		pieces = realloc(map->pieces, capacity * sizeof(*pieces));
		if (!pieces)
			return FSC_E_NOMEM;
		map->pieces = pieces;
		map->capacity = capacity;
	}
	map->pieces[map->count++] = (struct fsc_clock_piece){ .ticks = ticks,
							      .ns = (int64_t)monotonic_ns,
							      .bracket_ticks = bracket_ticks };
	return FSC_OK;
}

static int by_ticks(const void *left, const void *right)
{
	const struct fsc_clock_piece *a = left, *b = right;

	if (a->ticks != b->ticks)
		return a->ticks < b->ticks ? -1 : 1;
	return (a->ns > b->ns) - (a->ns < b->ns);
}

/* Keep pairs where both clocks move on. */
static void drop_backward(struct fsc_clock_map *map)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct fsc_clock_piece *last = kept ? &map->pieces[kept - 1] : NULL;

		if (last && map->pieces[i].ticks == last->ticks && map->pieces[i].ns == last->ns)
			continue;
		if (last &&
		    (map->pieces[i].ticks <= last->ticks || map->pieces[i].ns <= last->ns)) {
			map->refused++;
			continue;
		}
		map->pieces[kept++] = map->pieces[i];
	}
	map->count = kept;
}

/* multiplier / 2^shift = floor of ns / ticks with as many bits as a multiplier holds. */
static void piece_slope(struct fsc_clock_piece *piece, uint64_t ns, uint64_t ticks)
{
	unsigned __int128 multiplier;
	uint32_t shift = 63;

	do {
		multiplier = ((unsigned __int128)ns << shift) / ticks;
	} while (multiplier >> 64 && shift-- > 0);
	piece->multiplier = (uint64_t)multiplier;
	piece->shift = shift;
}

/* As far as neither the ticks nor the ns run over. */
static void last_length(struct fsc_clock_piece *piece)
{
	unsigned __int128 room = (unsigned __int128)(uint64_t)(ns_max - piece->ns) << piece->shift;
	uint64_t ticks = UINT64_MAX - piece->ticks;

	piece->length_ticks = ticks;
	if (piece->multiplier && room / piece->multiplier < ticks)
		piece->length_ticks = (uint64_t)(room / piece->multiplier);
}

static int64_t piece_forward(const struct fsc_clock_piece *piece, uint64_t distance)
{
	unsigned __int128 ns = (unsigned __int128)distance * piece->multiplier >> piece->shift;

	if (ns > (unsigned __int128)(uint64_t)(ns_max - piece->ns))
		return ns_max;
	return piece->ns + (int64_t)ns;
}

/* Before the first pair: rounded towards earlier, as everywhere. */
static int64_t piece_backward(const struct fsc_clock_piece *piece, uint64_t distance)
{
	unsigned __int128 product = (unsigned __int128)distance * piece->multiplier;
	unsigned __int128 ns = product >> piece->shift;

	if (product != ns << piece->shift)
		ns++;
	if (ns > (unsigned __int128)(uint64_t)(piece->ns + ns_max))
		return -ns_max;
	return piece->ns - (int64_t)ns;
}

static int64_t residual(const struct fsc_clock_map *map)
{
	const struct fsc_clock_piece *first = &map->pieces[0];
	const struct fsc_clock_piece *last = &map->pieces[map->count - 1];
	struct fsc_clock_piece chord = *first;
	int64_t worst = 0;

	if (map->count < 3)
		return 0;
	piece_slope(&chord, (uint64_t)(last->ns - first->ns), last->ticks - first->ticks);
	for (size_t i = 1; i + 1 < map->count; i++) {
		int64_t straight = piece_forward(&chord, map->pieces[i].ticks - chord.ticks);
		int64_t off = map->pieces[i].ns - straight;

		if (off < 0)
			off = -off;
		if (off > worst)
			worst = off;
	}
	return worst;
}

static uint64_t rate(const struct fsc_clock_piece *first, const struct fsc_clock_piece *last)
{
	unsigned __int128 ticks = (unsigned __int128)(last->ticks - first->ticks) * NS_PER_S;
	unsigned __int128 per_s = ticks / (uint64_t)(last->ns - first->ns);

	if (per_s > UINT64_MAX)
		return UINT64_MAX;
	return per_s ? (uint64_t)per_s : 1;
}

enum fsc_status fsc_clock_map_finish(struct fsc_clock_map *map, uint64_t ticks_per_s)
{
	enum fsc_status status;
	size_t last;

	map->ticks_per_s = ticks_per_s ? ticks_per_s : NS_PER_S;
	if (!map->count) {
		map->guessed = true;
		status = fsc_clock_map_add(map, 0, 0, 0);
		if (status)
			return status;
	}
	qsort(map->pieces, map->count, sizeof(*map->pieces), by_ticks);
	drop_backward(map);
	last = map->count - 1;
	if (!last) {
		piece_slope(&map->pieces[0], NS_PER_S, map->ticks_per_s);
		last_length(&map->pieces[0]);
		return FSC_OK;
	}
	for (size_t i = 0; i < last; i++) {
		struct fsc_clock_piece *piece = &map->pieces[i];

		piece->length_ticks = piece[1].ticks - piece->ticks;
		piece_slope(piece, (uint64_t)(piece[1].ns - piece->ns), piece->length_ticks);
	}
	map->pieces[last].multiplier = map->pieces[last - 1].multiplier;
	map->pieces[last].shift = map->pieces[last - 1].shift;
	last_length(&map->pieces[last]);
	map->ticks_per_s = rate(&map->pieces[0], &map->pieces[last]);
	map->residual_ns = residual(map);
	return FSC_OK;
}

/* The last piece that begins at or before ticks; 0 also when none does. */
static size_t find(const struct fsc_clock_map *map, uint64_t ticks)
{
	size_t low = 0, high = map->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (map->pieces[middle].ticks <= ticks)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int64_t fsc_clock_map_find_ns(const struct fsc_clock_map *map, uint64_t ticks, size_t *hint)
{
	size_t at = find(map, ticks);

	*hint = at;
	if (ticks < map->pieces[at].ticks)
		return piece_backward(&map->pieces[at], map->pieces[at].ticks - ticks);
	return piece_forward(&map->pieces[at], ticks - map->pieces[at].ticks);
}
