/* SPDX-License-Identifier: MIT */
/* Text without libc: it runs where libc's string functions may be a sanitizer's, not yet started.
 */
#include "session_internal.h"

size_t fsc_text_length(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

bool fsc_text_same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

size_t fsc_text_join(char *buffer, size_t bytes, const char *const *parts)
{
	size_t length = 0;

	for (; *parts; parts++)
		for (const char *at = *parts; *at && length + 1 < bytes; at++)
			buffer[length++] = *at;
	buffer[length] = '\0';
	return length;
}

const char *fsc_text_number(char *buffer, uint64_t value)
{
	char *at = buffer + 20;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return at;
}

const char *fsc_text_environment(char **environment, const char *name)
{
	for (; environment && *environment; environment++) {
		const char *at = *environment;
		const char *wanted = name;

		while (*wanted && *at == *wanted) {
			at++;
			wanted++;
		}
		if (!*wanted && *at == '=')
			return at + 1;
	}
	return NULL;
}
