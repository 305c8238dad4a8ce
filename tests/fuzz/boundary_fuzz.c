/* SPDX-License-Identifier: MIT */
/* Any bytes as a boundary file: nothing may crash or hang, and an error names a place in it. */
#include <stdlib.h>

#include "ffi/boundary.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct fsc_boundary boundary;
	struct fsc_boundary_error error = { 0 };

	boundary.row_count = 0;
	if (!fsc_boundary_parse(&boundary, (const char *)bytes, size, &error) &&
	    (!error.line || !error.column || !error.message))
		abort();
	if (boundary.row_count > FSC_BOUNDARY_ROWS_MAX)
		abort();
	fsc_boundary_find(&boundary, "proto2ffi_say_hello", "/opt/lib/libgreeter.so");
	return 0;
}
