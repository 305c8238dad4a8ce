/* SPDX-License-Identifier: MIT */
/* One table; nothing is hard here. */
#include "trace_points/machine.h"

#include <stddef.h>

enum counter { COUNTER_TSC, COUNTER_CNTVCT };

static const struct {
	uint32_t machine;
	enum counter counter;
	const char *name;
} machines[] = {
	{ EM_X86_64, COUNTER_TSC, "x86_64" },
	{ EM_386, COUNTER_TSC, "i386" },
	{ EM_AARCH64, COUNTER_CNTVCT, "aarch64" },
};

enum { MACHINES = sizeof(machines) / sizeof(machines[0]) };

static size_t row_of(uint32_t machine)
{
	size_t row = 0;

	while (row < MACHINES && machines[row].machine != machine)
		row++;
	return row;
}

const char *fsc_machine_name(uint32_t machine)
{
	size_t row = row_of(machine);

	return row < MACHINES ? machines[row].name : NULL;
}

bool fsc_machine_shares_counter(uint32_t machine)
{
	size_t row = row_of(machine);

	return row < MACHINES && machines[row].counter == machines[row_of(FSC_MACHINE_OWN)].counter;
}
