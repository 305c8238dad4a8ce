/* SPDX-License-Identifier: MIT */
/* libbench_tracepoint.so: one LTTng event a call; nothing is hard here. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "bench_tracepoint.h"

void bench_tracepoint(void);

void bench_tracepoint(void)
{
	static struct fsc_call_lttng event;

	event.number++;
	lttng_ust_tracepoint(ffiscope_bench, call, &event);
}
