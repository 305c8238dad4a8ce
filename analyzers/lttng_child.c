/* SPDX-License-Identifier: MIT */
/* What is read may lead babeltrace2 2.0.4 into endless memory or an abort: here it ends alone. */
#include "analyzers/lttng_child_internal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "analyzers/status.h"

/* Memory that babeltrace2 may take beyond what this process has; it needs some MB, and as much for
 * each event as that is large. */
#define IMPORT_MEMORY_BYTES (1024ull << 20)

/* Private memory alone is limited: of a stream that is mapped, nothing can become too much. */
static void limit_memory(void)
{
	unsigned long long pages = 0;
	struct rlimit limit;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file && fscanf(file, "%*u %*u %*u %*u %*u %llu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	if (!pages || getrlimit(RLIMIT_DATA, &limit))
		return;
	limit.rlim_cur = pages * (unsigned long long)sysconf(_SC_PAGESIZE) + IMPORT_MEMORY_BYTES;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_DATA, &limit);
	limit = (struct rlimit){ 0 };
	setrlimit(RLIMIT_CORE, &limit);
}

pid_t fsc_lttng_child_start(int (*run)(void *arg), void *arg)
{
	pid_t parent = getpid(), child = fork();
	int nowhere;

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(FSC_E_IO);
	/* What its libraries want to say, nobody would understand. */
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
	limit_memory();
	_exit(run(arg));
}
