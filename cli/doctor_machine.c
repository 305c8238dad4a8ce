/* SPDX-License-Identifier: MIT */
/*
 * The machine, and what a sandbox leaves of it. Where possible a thing is tried, not looked up:
 * what a version promises, a filter may refuse. Begin at fsc_doctor_machine().
 */
#include <errno.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli/command_path.h"
#include "cli/doctor_internal.h"
#include "cli/units.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14, madvise(2) */
#endif

enum { SHARED_MEMORY_LEAST = 64 << 20 /* a few threads' rings of 4 MB and the ledger */ };

static void find_clock(struct fsc_doctor *doctor)
{
	struct fsc_record_machine machine;
	struct fsc_record_probe probe = { 0 };
	enum fsc_clock_lack lack = fsc_clock_lacks();

	fsc_record_machine_read(&machine, fsc_options[FSC_OPTION_CLOCK].value);
	if (doctor->has_session)
		fsc_record_probe_find(&probe, &machine, &doctor->session, false);
	fsc_doctor_fact(doctor, "cpu", "processor", "%s", machine.cpu);
	fsc_doctor_fact(doctor, "kernel", "kernel", "%s", machine.kernel);
	fsc_doctor_fact(doctor, "glibc", "glibc", "%s", gnu_get_libc_version());
	fsc_doctor_fact(doctor, "clock_mode", "clock", "%s", machine.clock_mode);
	fsc_doctor_number(doctor, "ticks_per_s", "ticks",
			  machine.ticks_per_s ? fsc_known((int64_t)machine.ticks_per_s)
					      : FSC_UNKNOWN,
			  "per second");
	fsc_doctor_number(doctor, "step_ticks", "step", fsc_known((int64_t)machine.step_ticks),
			  "ticks");
	fsc_doctor_fact(doctor, "calibration", "calibrated", "%s",
			!probe.known   ? ""
			: probe.cached ? "cached"
				       : "measured");
	fsc_doctor_number(
		doctor, "probe_inner_ps", "call inside",
		probe.known ? fsc_known(probe.cost[FSC_PROBE_call].inner_ps) : FSC_UNKNOWN, "ps");
	fsc_doctor_number(
		doctor, "probe_outer_ps", "and around",
		probe.known ? fsc_known(probe.cost[FSC_PROBE_call].outer_ps) : FSC_UNKNOWN, "ps");
	if (doctor->has_session && !probe.known)
		fsc_doctor_find(doctor, FSC_DOCTOR_not_calibrated, "%s", "");
	if (lack == FSC_CLOCK_LACKS_RATE)
		fsc_doctor_find(doctor, FSC_DOCTOR_clock_not_invariant, "%s", "");
	if (lack == FSC_CLOCK_LACKS_PERMISSION)
		fsc_doctor_find(doctor, FSC_DOCTOR_clock_forbidden, "%s", "");
	if (lack == FSC_CLOCK_LACKS_COUNTER)
		fsc_doctor_find(doctor, FSC_DOCTOR_clock_unknown, "%s", "");
}

static void find_memory_advice(struct fsc_doctor *doctor)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return;
	if (madvise(page, bytes, MADV_WIPEONFORK) != 0)
		fsc_doctor_find(doctor, FSC_DOCTOR_no_wipe_on_fork, "%s", strerror(errno));
	if (madvise(page, bytes, MADV_POPULATE_WRITE) != 0)
		fsc_doctor_find(doctor, FSC_DOCTOR_no_populate, "%s", strerror(errno));
	munmap(page, bytes);
}

static void find_shared_memory(struct fsc_doctor *doctor)
{
	struct fsc_maybe left = FSC_UNKNOWN;
	char text[FSC_UNITS_TEXT];
	struct statvfs space;
	struct statfs kind;

	if (statfs("/dev/shm", &kind) != 0 || access("/dev/shm", W_OK | X_OK) != 0)
		fsc_doctor_find(doctor, FSC_DOCTOR_no_shared_memory, "%s", strerror(errno));
	else if (kind.f_type != TMPFS_MAGIC)
		fsc_doctor_find(doctor, FSC_DOCTOR_no_shared_memory, "it is no tmpfs");
	else if (statvfs("/dev/shm", &space) == 0 && space.f_blocks)
		left = fsc_known((int64_t)(space.f_bavail * space.f_frsize));
	/* Without blocks it has no limit of its own: tmpfs(5). */
	if (left.known && left.value < SHARED_MEMORY_LEAST)
		fsc_doctor_find(doctor, FSC_DOCTOR_little_shared_memory, "%s",
				fsc_units_bytes(text, left));
	fsc_doctor_number(doctor, "shared_memory_bytes", "shm left", left, "bytes");
}

/* The first line of a small file as a number. */
static struct fsc_maybe read_number(const char *path)
{
	FILE *from = fopen(path, "re");
	struct fsc_maybe number = FSC_UNKNOWN;

	number.known = from && fscanf(from, "%" SCNi64, &number.value) == 1;
	if (from)
		fclose(from);
	return number;
}

static void find_perf(struct fsc_doctor *doctor)
{
	struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE,
					 .size = sizeof(event),
					 .config = PERF_COUNT_SW_CPU_CLOCK,
					 .disabled = 1,
					 .exclude_kernel = 1,
					 .exclude_hv = 1 };
	struct fsc_maybe paranoid = read_number("/proc/sys/kernel/perf_event_paranoid");
	long fd = syscall(SYS_perf_event_open, &event, 0, -1, -1, 0ul);

	fsc_doctor_number(doctor, "perf_event_paranoid", "paranoid", paranoid, "");
	if (fd >= 0)
		close((int)fd);
	else if (paranoid.known)
		fsc_doctor_find(doctor, FSC_DOCTOR_perf_forbidden,
				"%s (kernel.perf_event_paranoid is %" PRIi64 ")", strerror(errno),
				paranoid.value);
	else
		fsc_doctor_find(doctor, FSC_DOCTOR_perf_forbidden, "%s", strerror(errno));
}

static void find_lttng(struct fsc_doctor *doctor)
{
	char path[PATH_MAX], provider[PATH_MAX + 16];
	bool built, installed = fsc_command_path_find("lttng", path, sizeof(path));

	if (!doctor->has_session)
		return;
	snprintf(provider, sizeof(provider), "%s", doctor->session.library);
	snprintf(strrchr(provider, '/') + 1, 32, FSC_LTTNG_LIBRARY);
	built = access(provider, R_OK) == 0;
	if (!built || !installed)
		fsc_doctor_find(doctor, FSC_DOCTOR_no_lttng, "%s%s%s",
				built ? "" : "this build has no " FSC_LTTNG_LIBRARY,
				!built && !installed ? ", and " : "",
				installed ? "" : "there is no command lttng");
}

static void find_environment(struct fsc_doctor *doctor)
{
	const char *preload = getenv("LD_PRELOAD"), *audit = getenv("LD_AUDIT");
	char line[256];
	FILE *from = fopen("/proc/self/status", "re");

	if (preload && *preload)
		fsc_doctor_find(doctor, FSC_DOCTOR_preload_taken, "%s", preload);
	if (audit && *audit)
		fsc_doctor_find(doctor, FSC_DOCTOR_audit, "%s", audit);
	/* Seccomp: 2 is a filter (proc(5)). */
	while (from && fgets(line, sizeof(line), from))
		if (!strncmp(line, "Seccomp:", 8) && atoi(line + 8) == 2)
			fsc_doctor_find(doctor, FSC_DOCTOR_seccomp, "%s", "");
	if (from)
		fclose(from);
}

static void find_glibc(struct fsc_doctor *doctor)
{
	struct fsc_elf_version here = { 0, 0 };

	if (sscanf(gnu_get_libc_version(), "%9u.%9u", &here.major, &here.minor) != 2)
		return;
	for (size_t i = 0; i < doctor->object_count; i++) {
		const struct fsc_elf *elf = doctor->objects[i].elf;

		if (!strcmp(elf->path, doctor->session.library) &&
		    fsc_elf_version_less(here, elf->glibc_needed))
			fsc_doctor_find(doctor, FSC_DOCTOR_glibc_too_old, "%u.%u, and %s is here",
					elf->glibc_needed.major, elf->glibc_needed.minor,
					gnu_get_libc_version());
	}
}

void fsc_doctor_machine(struct fsc_doctor *doctor)
{
	fsc_doctor_preload_objects(doctor);
	find_clock(doctor);
	find_memory_advice(doctor);
	find_shared_memory(doctor);
	find_perf(doctor);
	find_lttng(doctor);
	find_environment(doctor);
	find_glibc(doctor);
}
