/* SPDX-License-Identifier: MIT */
/* Names of sinks, as option and recording say them. */
#include "trace_points/image.h"

const char *fsc_sink_name(uint32_t sink)
{
	switch (sink) {
	case FSC_SINK_EMBEDDED:
		return "embedded";
	case FSC_SINK_LTTNG:
		return "lttng";
	case FSC_SINK_PROFILE:
		return "profile";
	default:
		return "unknown";
	}
}
