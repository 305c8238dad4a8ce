/* SPDX-License-Identifier: MIT */
/* Any bytes as folded stacks, drawn if they can be read: nothing may crash, hang or be undefined.
 */
#include <stdlib.h>

#include "flamegraphs/folded.h"
#include "flamegraphs/svg.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct fsc_svg_options options = { "title", NULL, "ns", 1200 };
	struct fsc_error error = { 0 };
	struct fsc_folded *folded;
	FILE *in, *out;

	if (!size || fsc_folded_create(&folded))
		return 0;
	in = fmemopen((void *)bytes, size, "r");
	out = fopen("/dev/null", "w");
	if (!in || !out)
		abort();
	if (!fsc_folded_read(folded, in, "input", &error) && fsc_svg_write(folded, &options, out))
		abort();
	fclose(out);
	fclose(in);
	fsc_folded_destroy(folded);
	return 0;
}
