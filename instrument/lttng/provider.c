/* SPDX-License-Identifier: MIT */
/* The provider's code, which LTTng's macros make out of lttng_provider.h; nothing is hard here. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#define LTTNG_UST_TRACEPOINT_HIDDEN_DEFINITION
#define LTTNG_UST_TRACEPOINT_PROVIDER_HIDDEN_DEFINITION
#include "trace_points/lttng_provider.h"
