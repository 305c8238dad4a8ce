/* SPDX-License-Identifier: MIT */
/* drain_fixture.h - a fake image with one site, and its drain into memory; made anew for each test.
 */
#ifndef TESTS_UNIT_TRACE_POINTS_DRAIN_FIXTURE_H
#define TESTS_UNIT_TRACE_POINTS_DRAIN_FIXTURE_H

#include "fake_image.h"

#include "trace_points/drain_internal.h"
#include "trace_points/ledger.h"

static struct fake_image fake;
static struct fake_output output;
static struct fsc_drain *drain;

static void begin(void)
{
	fake_create(&fake);
	fake_site_add(&fake, "proto2ffi_say_hello", fake_module(&fake, "/opt/fake/libfake.so"));
	memset(&output, 0, sizeof(output));
	drain = fake_drain(&fake, &output);
}

static void end(void)
{
	fsc_drain_destroy(drain);
	free(output.bytes);
	fake_destroy(&fake);
}

static struct fsc_drain_totals totals(void)
{
	struct fsc_drain_totals all;

	fsc_drain_totals(drain, &all);
	return all;
}

#endif
