/* SPDX-License-Identifier: MIT */
/* Handlers of a fast timer call entry points while others run, for half a second. */
#include "faults.h"

static void (*lib_call)(void (*)(void *), void *);
static int (*lib_add)(int, int);
static void (*lib_spin)(uint64_t);
static long adds, calls, spins, ticks, wrong;

/* The program's own counts must not be torn by the handler's. */
#define ONE_MORE(counter) __atomic_fetch_add(&(counter), 1, __ATOMIC_RELAXED)

static void inner(void *argument)
{
	ONE_MORE(adds);
	wrong += lib_add(*(int *)argument, 1) != *(int *)argument + 1;
}

static void handler(int number)
{
	int saved = errno;

	ticks++;
	ONE_MORE(adds);
	wrong += lib_add(number, 2) != number + 2;
	ONE_MORE(calls);
	lib_call(inner, &number);
	errno = saved;
}

static void outer(void *argument)
{
	ONE_MORE(adds);
	wrong += lib_add(1, 1) != 2;
	ONE_MORE(spins);
	lib_spin(200);
	(void)argument;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, atoi(argv[3]) }, { 0, atoi(argv[3]) } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct itimerspec spec = { { 0, 37000 }, { 0, 37000 } };
	uint64_t end;
	timer_t timer;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(lib_call), GET(lib_add), GET(lib_spin);
	if (!strcmp(argv[2], "sigaltstack")) {
		static char stack[1 << 17];
		stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };

		EXPECT(sigaltstack(&other, NULL) == 0);
		action.sa_flags |= SA_ONSTACK;
	}
	if (!strcmp(argv[4], "warm"))
		handler(0); /* the thread's first calls are done before the first signal */
	for (int i = 0; i < 100 && !strcmp(argv[4], "warm"); i++) {
		ONE_MORE(calls);
		lib_call(outer, NULL);
	}
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGRTMIN, &action, NULL); /* a second one, so that handlers nest */
	setitimer(ITIMER_REAL, &every, NULL);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &spec, NULL);
	end = now_ns() + 500000000;
	while (now_ns() < end) {
		ONE_MORE(calls);
		lib_call(outer, NULL);
	}
	every = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	spec = (struct itimerspec){ { 0, 0 }, { 0, 0 } };
	setitimer(ITIMER_REAL, &every, NULL);
	timer_settime(timer, 0, &spec, NULL);
	SAY(wrong);
	printf("ticked=%d\n", ticks > 100);
	TELL(adds), TELL(calls), TELL(spins), TELL(ticks);
	return 4;
}
