/* SPDX-License-Identifier: MIT */
/*
 * table.h - aligned columns.
 *
 * In:     columns, then cells row by row, left to right.
 * Out:    a line of titles and a line per row; columns as wide as their widest cell. When that is
 *         wider than the output and the output wants names cut, the widest columns that may be cut
 *         give way, then the last of those that may go are left out.
 * Cost:   memory for all cells until it is written.
 * Thread: one object per thread.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"

enum fsc_table_limit { FSC_TABLE_COLUMNS_MAX = 16, FSC_TABLE_CUT_LEAST = 20 };

struct fsc_table_column {
	const char *title;
	bool left;    /* else right-aligned */
	bool may_cut; /* down to FSC_TABLE_CUT_LEAST columns */
	bool may_go;  /* where there is no room */
};

struct fsc_table_cell {
	char *text;
	enum fsc_style style;
};

/* Fields are the table's own. */
struct fsc_table {
	const struct fsc_table_column *columns;
	size_t column_count;
	struct fsc_table_cell *cells;
	size_t cell_count;
	size_t cell_capacity;
	bool failed; /* no memory for a cell; the table cannot be written */
};

/* columns (at most FSC_TABLE_COLUMNS_MAX) are the caller's and must outlive the table. */
void fsc_table_init(struct fsc_table *table, const struct fsc_table_column *columns, size_t count);
void fsc_table_fini(struct fsc_table *table);

/* The text is copied. */
void fsc_table_add(struct fsc_table *table, const char *text);
void fsc_table_add_styled(struct fsc_table *table, enum fsc_style style, const char *text);

/* false: no memory. Whole rows only. */
bool fsc_table_write(const struct fsc_table *table, const struct fsc_output *output);

#endif
