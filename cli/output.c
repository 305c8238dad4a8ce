/* SPDX-License-Identifier: MIT */
/* What is hard: stdout may be closed, full, or a terminal of any kind. Begin at fsc_output_init().
 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/messages.h"
#include "cli/text.h"

enum { WIDTH_DEFAULT = 100, LABEL_COLUMNS = 12 };

bool fsc_output_parse_colour(const char *word, enum fsc_colour *colour)
{
	static const char *const words[] = {
		[FSC_COLOUR_AUTO] = "auto",
		[FSC_COLOUR_ALWAYS] = "always",
		[FSC_COLOUR_NEVER] = "never",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i])) {
			*colour = (enum fsc_colour)i;
			return true;
		}
	return false;
}

static bool want_colour(enum fsc_colour colour)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (colour != FSC_COLOUR_AUTO)
		return colour == FSC_COLOUR_ALWAYS;
	if ((no_color && *no_color) || (term && !strcmp(term, "dumb")))
		return false;
	return isatty(STDOUT_FILENO);
}

static unsigned int find_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize window = { 0 };
	long width = 0;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &window))
		width = window.ws_col;
	if (!width && columns)
		width = strtol(columns, NULL, 10);
	if (width <= 0)
		width = WIDTH_DEFAULT;
	if (width < FSC_OUTPUT_WIDTH_LEAST)
		width = FSC_OUTPUT_WIDTH_LEAST;
	return width > FSC_OUTPUT_WIDTH_MAX ? FSC_OUTPUT_WIDTH_MAX : (unsigned int)width;
}

/* A closed descriptor is filled with one that cannot be written to. */
static void take_standard_descriptors(void)
{
	int taken;

	do
		taken = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (taken >= 0 && taken <= STDERR_FILENO);
	if (taken > STDERR_FILENO)
		close(taken);
}

void fsc_output_init(struct fsc_output *output, enum fsc_colour colour)
{
	signal(SIGPIPE, SIG_IGN);
	take_standard_descriptors();
	output->stream = stdout;
	output->colour = want_colour(colour);
	output->cut = isatty(STDOUT_FILENO);
	output->width = find_width();
}

bool fsc_output_finish(struct fsc_output *output)
{
	bool failed = ferror(output->stream);
	int code = errno; /* of the failed write, where that was the last thing that failed */

	if (fflush(output->stream)) {
		failed = true;
		code = errno;
	}
	if (failed)
		fsc_messages_say("cannot write to standard output: %s", strerror(code));
	return !failed;
}

void fsc_output_style(const struct fsc_output *output, enum fsc_style style)
{
	/* ECMA-48 8.3.117: 0 default, 1 bold, 2 faint, 31 red, 33 yellow, 36 cyan. */
	static const char *const sequences[] = {
		[FSC_STYLE_PLAIN] = "\033[0m",	  [FSC_STYLE_TITLE] = "\033[1m",
		[FSC_STYLE_DIM] = "\033[2m",	  [FSC_STYLE_HOST] = "\033[36m",
		[FSC_STYLE_LIBRARY] = "\033[33m", [FSC_STYLE_ALARM] = "\033[1;31m",
	};

	if (output->colour)
		fputs(sequences[style], output->stream);
}

/* Bytes of the next line of text: as many words as fit, one at least. */
static size_t line_length(const char *text, size_t columns)
{
	size_t length = 0, next;
	char *start;

	for (;;) {
		next = length + strspn(text + length, " ");
		next += strcspn(text + next, " ");
		if (next == length)
			return length;
		start = strndup(text, next);
		if (length && start && fsc_text_columns(start) > columns) {
			free(start);
			return length;
		}
		free(start);
		length = next;
	}
}

static void write_wrapped(const struct fsc_output *output, const char *text)
{
	size_t length;
	char *line;

	while (*text) {
		length = line_length(text, output->width - LABEL_COLUMNS);
		line = strndup(text, length);
		if (line)
			fsc_text_write(line, output->stream);
		free(line);
		text += length;
		text += strspn(text, " ");
		fputc('\n', output->stream);
		if (*text)
			fprintf(output->stream, "%*s", LABEL_COLUMNS, "");
	}
}

__attribute__((format(printf, 4, 0))) static void write_fact(const struct fsc_output *output,
							     enum fsc_style style,
							     const char *label, const char *format,
							     va_list args)
{
	char *text;

	fsc_output_style(output, FSC_STYLE_DIM);
	fprintf(output->stream, "%-*s", LABEL_COLUMNS, label);
	fsc_output_style(output, FSC_STYLE_PLAIN);
	if (vasprintf(&text, format, args) < 0)
		return;
	if (style != FSC_STYLE_PLAIN)
		fsc_output_style(output, style);
	write_wrapped(output, text);
	if (style != FSC_STYLE_PLAIN)
		fsc_output_style(output, FSC_STYLE_PLAIN);
	free(text);
}

void fsc_output_fact(const struct fsc_output *output, const char *label, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_fact(output, FSC_STYLE_PLAIN, label, format, args);
	va_end(args);
}

void fsc_output_alarm(const struct fsc_output *output, const char *label, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_fact(output, FSC_STYLE_ALARM, label, format, args);
	va_end(args);
}

void fsc_output_heading(const struct fsc_output *output, const char *text)
{
	fputc('\n', output->stream);
	fsc_output_style(output, FSC_STYLE_TITLE);
	fsc_text_write(text, output->stream);
	fsc_output_style(output, FSC_STYLE_PLAIN);
	fputc('\n', output->stream);
}

bool fsc_output_flush_json(void *arg, const char *text, size_t length)
{
	return fwrite(text, 1, length, arg) == length;
}
