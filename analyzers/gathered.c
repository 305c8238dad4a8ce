/* SPDX-License-Identifier: MIT */
/*
 * Everything here is a sum, so that adding tables is adding members (fsc_gathering_add). What is
 * hard is only who owns which text: the table does.
 */
#include "analyzers/gathered_internal.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t fixed_place[2][FSC_PHASE_NAMED] = {
	[FSC_SIDE_HOST] = {
		[FSC_CLAIM_ENCODE] = FSC_CELL_HOST_ENCODE + 1,
		[FSC_CLAIM_PREPARE] = FSC_CELL_PREPARE + 1,
		[FSC_CLAIM_CROSSING] = FSC_CELL_CROSSING + 1,
		[FSC_CLAIM_DECODE] = FSC_CELL_HOST_DECODE + 1,
		[FSC_CLAIM_CONSUME] = FSC_CELL_CONSUME + 1,
		[FSC_CLAIM_OTHER] = FSC_CELL_HOST_OTHER + 1,
	},
	[FSC_SIDE_LIBRARY] = {
		[FSC_CLAIM_DECODE] = FSC_CELL_LIBRARY_DECODE + 1,
		[FSC_CLAIM_WORK] = FSC_CELL_WORK + 1,
		[FSC_CLAIM_ENCODE] = FSC_CELL_LIBRARY_ENCODE + 1,
		[FSC_CLAIM_OTHER] = FSC_CELL_LIBRARY_OTHER + 1,
		[FSC_CLAIM_FREE] = FSC_CELL_FREE + 1,
	},
};

void fsc_gathered_fini(struct fsc_gathered *row)
{
	for (size_t i = 0; i < row->cell_count; i++) {
		fsc_histogram_fini(&row->cells[i].raw);
		free(row->cells[i].name);
	}
	for (size_t i = 0; i < row->alias_count; i++)
		free(row->aliases[i]);
	fsc_histogram_fini(&row->raw);
	fsc_histogram_fini(&row->requests);
	fsc_slowest_fini(&row->slowest);
	free(row->cells);
	free(row->aliases);
	free(row->name);
	free(row->library);
	*row = (struct fsc_gathered){ 0 };
}

void fsc_gathering_fini(struct fsc_gathering *gathering)
{
	for (size_t i = 0; i < gathering->row_count; i++)
		fsc_gathered_fini(&gathering->rows[i]);
	fsc_gathered_fini(&gathering->host);
	free(gathering->rows);
	free(gathering->places);
	*gathering = (struct fsc_gathering){ 0 };
}

enum fsc_status fsc_gathered_fixed_cells(struct fsc_gathered *row)
{
	row->cells = calloc(FSC_CELLS_FIXED, sizeof(*row->cells));
	if (!row->cells)
		return FSC_E_NOMEM;
	row->cell_count = row->cell_capacity = FSC_CELLS_FIXED;
	for (int side = 0; side < 2; side++)
		for (uint32_t phase = 0; phase < FSC_PHASE_NAMED; phase++)
			if (fixed_place[side][phase]) {
				row->cells[fixed_place[side][phase] - 1].phase = phase;
				row->cells[fixed_place[side][phase] - 1].side = (uint8_t)side;
			}
	return FSC_OK;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_add(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
	return hash;
}

/* Where that row stands in the table, or the free place where it would. */
static uint32_t *find_place(const struct fsc_gathering *gathering, const char *name,
			    const char *library, bool is_free)
{
	uint64_t hash = hash_add(hash_add(0xcbf29ce484222325u, name), library);
	size_t at = hash & (gathering->place_count - 1);

	for (; gathering->places[at]; at = (at + 1) & (gathering->place_count - 1)) {
		const struct fsc_gathered *row = &gathering->rows[gathering->places[at] - 1];

		if (row->is_free == is_free && !strcmp(row->name, name) &&
		    !strcmp(row->library, library))
			break;
	}
	return &gathering->places[at];
}

/* Room for one more row, the table at most half full. */
static enum fsc_status reserve_row(struct fsc_gathering *gathering)
{
	size_t capacity = gathering->row_capacity ? gathering->row_capacity * 2 : 16;
	struct fsc_gathered *rows;
	uint32_t *places;

	if (gathering->row_count < gathering->row_capacity)
		return FSC_OK;
	rows = realloc(gathering->rows, capacity * sizeof(*rows));
	if (!rows)
		return FSC_E_NOMEM;
	gathering->rows = rows;
	places = calloc(capacity * 2, sizeof(*places));
	if (!places)
		return FSC_E_NOMEM;
	free(gathering->places);
	gathering->places = places;
	gathering->place_count = capacity * 2;
	gathering->row_capacity = capacity;
	for (size_t i = 0; i < gathering->row_count; i++) {
		const struct fsc_gathered *row = &gathering->rows[i];

		*find_place(gathering, row->name, row->library, row->is_free) = (uint32_t)i + 1;
	}
	return FSC_OK;
}

enum fsc_status fsc_gathering_row(struct fsc_gathering *gathering, const char *name,
				  const char *library, bool is_free, uint32_t *index)
{
	struct fsc_gathered row = { .is_free = is_free };
	uint32_t *place;

	if (reserve_row(gathering))
		return FSC_E_NOMEM;
	place = find_place(gathering, name, library, is_free);
	if (!*place) {
		row.name = strdup(name);
		row.library = strdup(library);
		row.index = (uint32_t)gathering->row_count;
		if (!row.name || !row.library || (!is_free && fsc_gathered_fixed_cells(&row))) {
			fsc_gathered_fini(&row);
			return FSC_E_NOMEM;
		}
		gathering->rows[gathering->row_count++] = row;
		*place = (uint32_t)gathering->row_count;
	}
	*index = *place - 1;
	return FSC_OK;
}

/* A cell behind the last one; `name` is copied. */
static struct fsc_cell *add_cell(struct fsc_gathered *row, uint32_t phase, uint8_t side,
				 const char *name)
{
	size_t capacity = row->cell_capacity ? row->cell_capacity * 2 : 4;
	struct fsc_cell *grown;
	char *copy;

	if (row->cell_count == row->cell_capacity) {
		grown = realloc(row->cells, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		row->cells = grown;
		row->cell_capacity = capacity;
	}
	copy = strdup(name ? name : "");
	if (!copy)
		return NULL;
	row->cells[row->cell_count] =
		(struct fsc_cell){ .phase = phase, .side = side, .name = copy };
	return &row->cells[row->cell_count++];
}

struct fsc_cell *fsc_gathered_cell(struct fsc_gathered *row, const struct fsc_claim *claim,
				   const char *name)
{
	if (claim->phase < FSC_PHASE_NAMED && fixed_place[claim->side][claim->phase])
		return &row->cells[fixed_place[claim->side][claim->phase] - 1];
	for (size_t i = FSC_CELLS_FIXED; i < row->cell_count; i++)
		if (row->cells[i].phase == claim->phase && row->cells[i].side == claim->side)
			return &row->cells[i];
	return add_cell(row, claim->phase, claim->side, name);
}

/* The list doubles. */
enum fsc_status fsc_gathered_alias(struct fsc_gathered *row, const char *name)
{
	size_t count = row->alias_count;
	char **grown;

	if (!(count & (count - 1))) {
		grown = realloc(row->aliases, (count ? count * 2 : 1) * sizeof(char *));
		if (!grown)
			return FSC_E_NOMEM;
		row->aliases = grown;
	}
	row->aliases[count] = strdup(name);
	if (!row->aliases[count])
		return FSC_E_NOMEM;
	row->alias_count++;
	return FSC_OK;
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Each once, and not the row's own name. */
static void order_aliases(struct fsc_gathered *row)
{
	size_t kept = 0;

	if (row->alias_count)
		qsort(row->aliases, row->alias_count, sizeof(char *), by_text);
	for (size_t i = 0; i < row->alias_count; i++)
		if (strcmp(row->aliases[i], row->name) != 0 &&
		    (!kept || strcmp(row->aliases[i], row->aliases[kept - 1]) != 0))
			row->aliases[kept++] = row->aliases[i];
		else
			free(row->aliases[i]);
	row->alias_count = kept;
}

static int by_phase(const void *left, const void *right)
{
	const struct fsc_cell *a = *(const struct fsc_cell *const *)left;
	const struct fsc_cell *b = *(const struct fsc_cell *const *)right;

	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	return a->side != b->side ? a->side - b->side : strcmp(a->name, b->name);
}

/* The places of users' cells change, and their columns with them. */
static enum fsc_status order_cells(struct fsc_gathered *row)
{
	uint8_t columns[FSC_SLOWEST_COLUMNS];
	struct fsc_cell **sorted, *cells;

	if (row->cell_count <= FSC_CELLS_FIXED + 1)
		return FSC_OK;
	sorted = malloc(row->cell_count * sizeof(struct fsc_cell *));
	cells = malloc(row->cell_capacity * sizeof(*cells));
	if (!sorted || !cells) {
		free(sorted);
		free(cells);
		return FSC_E_NOMEM;
	}
	for (size_t i = 0; i < row->cell_count; i++)
		sorted[i] = &row->cells[i];
	qsort(sorted + FSC_CELLS_FIXED, row->cell_count - FSC_CELLS_FIXED,
	      sizeof(struct fsc_cell *), by_phase);
	for (size_t i = 0; i < row->cell_count; i++) {
		size_t was = (size_t)(sorted[i] - row->cells);

		cells[i] = *sorted[i];
		if (was < FSC_SLOWEST_COLUMNS)
			columns[was] = (uint8_t)(i < FSC_SLOWEST_COLUMNS ? i : UINT8_MAX);
	}
	fsc_slowest_move(&row->slowest, columns,
			 row->cell_count < FSC_SLOWEST_COLUMNS ? row->cell_count
							       : FSC_SLOWEST_COLUMNS);
	free(sorted);
	free(row->cells);
	row->cells = cells;
	return FSC_OK;
}

enum fsc_status fsc_gathering_order(struct fsc_gathering *gathering)
{
	enum fsc_status status = order_cells(&gathering->host);

	for (size_t i = 0; i < gathering->row_count && !status; i++) {
		order_aliases(&gathering->rows[i]);
		status = order_cells(&gathering->rows[i]);
	}
	return status;
}

/* The cell that is the same as `from`, a new one if need be. NULL: no memory. */
static struct fsc_cell *same_cell(struct fsc_gathered *into, const struct fsc_cell *from)
{
	if (!from->name)
		return fsc_gathered_cell(
			into, &(struct fsc_claim){ .phase = from->phase, .side = from->side },
			NULL);
	for (size_t i = FSC_CELLS_FIXED; i < into->cell_count; i++)
		if (into->cells[i].side == from->side && !strcmp(into->cells[i].name, from->name))
			return &into->cells[i];
	return add_cell(into, from->phase, from->side, from->name);
}

static enum fsc_status add_cells(struct fsc_gathered *into, const struct fsc_gathered *from)
{
	uint8_t columns[FSC_SLOWEST_COLUMNS];

	for (size_t i = 0; i < from->cell_count; i++) {
		const struct fsc_cell *cell = &from->cells[i];
		struct fsc_cell *same = same_cell(into, cell);

		if (!same || fsc_histogram_merge(&same->raw, &cell->raw))
			return FSC_E_NOMEM;
		same->correction_ps += cell->correction_ps;
		same->allocations += cell->allocations;
		same->allocated_bytes += cell->allocated_bytes;
		if (i < FSC_SLOWEST_COLUMNS)
			columns[i] = (uint8_t)(same - into->cells < FSC_SLOWEST_COLUMNS
						       ? same - into->cells
						       : UINT8_MAX);
	}
	return fsc_slowest_add_all(&into->slowest, &from->slowest, columns,
				   from->cell_count < FSC_SLOWEST_COLUMNS ? from->cell_count
									  : FSC_SLOWEST_COLUMNS);
}

static enum fsc_status add_row(struct fsc_gathered *into, const struct fsc_gathered *from)
{
	enum fsc_status status = FSC_OK;

	into->flags |= from->flags;
	if (from->correction_max_ps > into->correction_max_ps)
		into->correction_max_ps = from->correction_max_ps;
#define FSC_GATHERED(type, name) into->name += from->name;
#include "analyzers/gathered.def"
#undef FSC_GATHERED
	fsc_estimate_join(&into->estimate, &from->estimate);
	for (size_t i = 0; i < from->alias_count && !status; i++)
		status = fsc_gathered_alias(into, from->aliases[i]);
	if (from->alias_count && !status)
		order_aliases(into);
	if (status || fsc_histogram_merge(&into->raw, &from->raw) ||
	    fsc_histogram_merge(&into->requests, &from->requests))
		return FSC_E_NOMEM;
	return add_cells(into, from);
}

enum fsc_status fsc_gathering_add_row(struct fsc_gathering *into, const struct fsc_gathered *row)
{
	enum fsc_status status;
	uint32_t index;

	status = fsc_gathering_row(into, row->name, row->library, row->is_free, &index);
	return status ? status : add_row(&into->rows[index], row);
}

enum fsc_status fsc_gathering_add(struct fsc_gathering *into, const struct fsc_gathering *from)
{
	enum fsc_status status = FSC_OK;

	if (from->host.cell_count && !into->host.cell_count)
		status = fsc_gathered_fixed_cells(&into->host);
	if (!status && from->host.cell_count)
		status = add_cells(&into->host, &from->host);
	for (size_t i = 0; i < from->row_count && !status; i++)
		status = fsc_gathering_add_row(into, &from->rows[i]);
	return status;
}
