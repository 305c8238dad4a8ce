/* SPDX-License-Identifier: MIT */
/*
 * What is hard: lines are bounded before they are kept, so that a file without line breaks does not
 * become memory. Begin at fsc_folded_read().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flamegraphs/folded_internal.h"

struct line {
	char *text; /* FSC_FOLDED_LINE_MAX bytes */
	size_t length;
	uint64_t number; /* from 1 */
};

/* The next line without its line break. */
static enum fsc_status read_line(struct line *line, FILE *in, const char *name,
				 struct fsc_error *error)
{
	int byte = 0;

	line->length = 0;
	line->number++;
	while ((byte = getc_unlocked(in)) != EOF && byte != '\n') {
		if (line->length >= FSC_FOLDED_LINE_MAX) {
			fsc_error_set(error, FSC_E_LIMIT, name, "a line is longer than 1 MiB");
			return FSC_E_LIMIT;
		}
		line->text[line->length++] = (char)byte;
	}
	if (byte == EOF && ferror(in))
		return fsc_error_set(error, FSC_E_IO, name, "cannot read: %s", strerror(errno));
	if (line->length && line->text[line->length - 1] == '\r')
		line->length--;
	return byte == EOF && !line->length ? FSC_END : FSC_OK;
}

/* Cut ` WEIGHT` off the end of the line. */
static bool cut_weight(const char *text, size_t *length, uint64_t *weight)
{
	const char *blank = memrchr(text, ' ', *length);
	const char *digit;

	*weight = 0;
	if (!blank || blank == text || blank + 1 == text + *length)
		return false;
	for (digit = blank + 1; digit < text + *length; digit++)
		if (*digit < '0' || *digit > '9' || __builtin_mul_overflow(*weight, 10, weight) ||
		    __builtin_add_overflow(*weight, (uint64_t)(*digit - '0'), weight))
			return false;
	*length = (size_t)(blank - text);
	return true;
}

static enum fsc_status add_line(struct fsc_folded *folded, const struct line *line,
				const char *name, struct fsc_error *error)
{
	size_t length = line->length;
	enum fsc_status status;
	uint64_t weight;

	if (!length)
		return FSC_OK;
	if (!cut_weight(line->text, &length, &weight)) {
		status = fsc_error_set(error, FSC_E_FORMAT, name, "not a folded stack");
		fsc_error_hint(error, "a line is frames separated by ; then a space and a number");
		return status;
	}
	status = fsc_folded_add_line(folded, line->text, length, weight);
	if (status == FSC_E_LIMIT)
		fsc_error_set(error, status, name, "more stacks, frames or weight than fit");
	else if (status)
		fsc_error_set(error, status, name, "no memory");
	return status;
}

enum fsc_status fsc_folded_read(struct fsc_folded *folded, FILE *in, const char *name,
				struct fsc_error *error)
{
	struct line line = { .text = malloc(FSC_FOLDED_LINE_MAX) };
	enum fsc_status status;

	if (!line.text)
		return fsc_error_set(error, FSC_E_NOMEM, name, "no memory");
	do {
		status = read_line(&line, in, name, error);
		if (!status)
			status = add_line(folded, &line, name, error);
	} while (!status);
	free(line.text);
	if (status == FSC_END)
		return FSC_OK;
	if (error)
		error->line = line.number;
	return status;
}
