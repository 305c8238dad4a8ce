/* SPDX-License-Identifier: MIT */
/* What is hard: bytes are not columns, so nothing is padded by printf. Begin at fsc_table_write().
 */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

enum { CELLS_FIRST = 64, GAP = 2 };

void fsc_table_init(struct fsc_table *table, const struct fsc_table_column *columns, size_t count)
{
	*table = (struct fsc_table){ .columns = columns, .column_count = count };
}

void fsc_table_fini(struct fsc_table *table)
{
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i].text);
	free(table->cells);
	table->cells = NULL;
	table->cell_count = table->cell_capacity = 0;
}

void fsc_table_add_styled(struct fsc_table *table, enum fsc_style style, const char *text)
{
	size_t capacity = table->cell_capacity ? table->cell_capacity * 2 : CELLS_FIRST;
	struct fsc_table_cell *cells;
	char *copy;

	if (table->cell_count == table->cell_capacity) {
		cells = realloc(table->cells, capacity * sizeof(*cells));
		if (!cells) {
			table->failed = true;
			return;
		}
		table->cells = cells;
		table->cell_capacity = capacity;
	}
	copy = strdup(text);
	if (!copy) {
		table->failed = true;
		return;
	}
	table->cells[table->cell_count++] = (struct fsc_table_cell){ copy, style };
}

void fsc_table_add(struct fsc_table *table, const char *text)
{
	fsc_table_add_styled(table, FSC_STYLE_PLAIN, text);
}

struct layout {
	size_t widths[FSC_TABLE_COLUMNS_MAX];
	bool gone[FSC_TABLE_COLUMNS_MAX];
	size_t last; /* the last column that is not gone */
};

static void measure(const struct fsc_table *table, struct layout *layout)
{
	size_t columns;

	*layout = (struct layout){ .last = table->column_count - 1 };
	for (size_t i = 0; i < table->column_count; i++) {
		layout->widths[i] = fsc_text_columns(table->columns[i].title);
		for (size_t at = i; at < table->cell_count; at += table->column_count) {
			columns = fsc_text_columns(table->cells[at].text);
			if (columns > layout->widths[i])
				layout->widths[i] = columns;
		}
	}
}

static size_t sum(const struct fsc_table *table, const struct layout *layout)
{
	size_t total = 0;

	for (size_t i = 0; i < table->column_count; i++)
		total += layout->gone[i] ? 0 : GAP + layout->widths[i];
	return total;
}

/* Take columns from the widest that may give them, until all fits or none may. */
static void cut(const struct fsc_table *table, struct layout *layout, size_t width)
{
	size_t total = sum(table, layout), *widths = layout->widths;

	while (total > width) {
		size_t widest = table->column_count;

		for (size_t i = 0; i < table->column_count; i++)
			if (table->columns[i].may_cut && widths[i] > FSC_TABLE_CUT_LEAST &&
			    (widest == table->column_count || widths[i] > widths[widest]))
				widest = i;
		if (widest == table->column_count)
			return;
		widths[widest]--;
		total--;
	}
}

static void leave_out(const struct fsc_table *table, struct layout *layout, size_t width)
{
	for (size_t i = table->column_count; i-- > 0 && sum(table, layout) > width;)
		layout->gone[i] = table->columns[i].may_go;
	while (layout->last > 0 && layout->gone[layout->last])
		layout->last--;
}

static void write_cell(const struct fsc_table_cell *cell, size_t width, bool left, bool last,
		       const struct fsc_output *output)
{
	size_t columns = fsc_text_columns(cell->text);
	size_t pad = columns < width ? width - columns : 0;

	if (last && !*cell->text)
		return;
	fprintf(output->stream, "%*s", (int)(GAP + (left ? 0 : pad)), "");
	if (cell->style != FSC_STYLE_PLAIN && *cell->text)
		fsc_output_style(output, cell->style);
	columns = fsc_text_write_cut(cell->text, width, output->stream);
	if (cell->style != FSC_STYLE_PLAIN && *cell->text)
		fsc_output_style(output, FSC_STYLE_PLAIN);
	if (left && !last)
		fprintf(output->stream, "%*s", (int)(width - columns), "");
}

static void write_titles(const struct fsc_table *table, const struct layout *layout,
			 const struct fsc_output *output)
{
	for (size_t i = 0; i < table->column_count; i++) {
		struct fsc_table_cell cell = { (char *)table->columns[i].title, FSC_STYLE_DIM };

		if (!layout->gone[i])
			write_cell(&cell, layout->widths[i], table->columns[i].left,
				   i == layout->last, output);
	}
	fputc('\n', output->stream);
}

static void write_row(const struct fsc_table *table, const struct layout *layout, size_t row,
		      const struct fsc_output *output)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (!layout->gone[i])
			write_cell(&table->cells[row + i], layout->widths[i],
				   table->columns[i].left, i == layout->last, output);
	fputc('\n', output->stream);
}

bool fsc_table_write(const struct fsc_table *table, const struct fsc_output *output)
{
	struct layout layout;

	if (table->failed || !table->column_count)
		return false;
	measure(table, &layout);
	if (output->cut) {
		cut(table, &layout, output->width);
		leave_out(table, &layout, output->width);
	}
	write_titles(table, &layout, output);
	for (size_t row = 0; row + table->column_count <= table->cell_count;
	     row += table->column_count)
		write_row(table, &layout, row, output);
	return true;
}
