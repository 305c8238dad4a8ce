/* SPDX-License-Identifier: MIT */
/* longjmp, pthread_exit and cancellation out of wrapped calls. */
#include "faults.h"

static void (*lib_call)(void (*)(void *), void *);
static int (*lib_add)(int, int);
static void (*lib_stay)(void);
static void (*lib_spin)(uint64_t);
static volatile int *lib_inside;
static long calls, unwound, adds;
static sigjmp_buf target;

static void deeper(void *argument)
{
	intptr_t left = (intptr_t)argument;

	if (!left)
		siglongjmp(target, 1);
	calls++;
	lib_call(deeper, (void *)(left - 1));
}

/* From depth 1 to 20, as often as asked for. */
static void long_jumps(int rounds)
{
	static volatile int i;

	for (i = 0; i < rounds; i++) {
		if (!sigsetjmp(target, 0)) {
			deeper((void *)(intptr_t)(i % 20 + 1));
			puts("came back");
		}
		unwound += i % 20 + 1;
		EXPECT(lib_add(i, i) == 2 * i);
		adds++;
	}
}

static void *thread_exits(void *argument);
static long cleaned;

static void clean(void *argument)
{
	__atomic_fetch_add((long *)argument, 1, __ATOMIC_RELAXED);
}

static void exits(void *argument)
{
	pthread_exit((char *)argument + 1);
}

static void nested_exits(void *argument)
{
	pthread_cleanup_push(clean, &cleaned);
	lib_call(exits, argument);
	pthread_cleanup_pop(0);
}

static void *thread_exits(void *argument)
{
	pthread_cleanup_push(clean, &cleaned);
	lib_call((intptr_t)argument % 2 ? nested_exits : exits, argument);
	pthread_cleanup_pop(0);
	return NULL;
}

static int ready;

static void waits(void *argument)
{
	__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
	(void)argument;
}

static void *thread_waits(void *argument)
{
	pthread_cleanup_push(clean, &cleaned);
	lib_call(waits, argument);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *thread_stays(void *argument)
{
	pthread_cleanup_push(clean, &cleaned);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	lib_stay();
	pthread_cleanup_pop(0);
	return argument;
}

static void threads_exit(int rounds)
{
	for (intptr_t i = 0; i < rounds; i++) {
		pthread_t thread;
		void *result;

		pthread_create(&thread, NULL, thread_exits, (void *)i);
		pthread_join(thread, &result);
		EXPECT((intptr_t)result == i + 1);
		calls += 1 + i % 2;
		unwound += 1 + i % 2;
	}
	SAY(cleaned);
}

static void threads_are_cancelled(int rounds)
{
	long stays = 0;

	for (int i = 0; i < rounds; i++) {
		bool asynchronous = i % 2;
		pthread_t thread;
		void *result;

		ready = 0;
		*lib_inside = 0;
		pthread_create(&thread, NULL, asynchronous ? thread_stays : thread_waits, NULL);
		while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE) && !*lib_inside)
			sched_yield();
		pthread_cancel(thread);
		pthread_join(thread, &result);
		EXPECT(result == PTHREAD_CANCELED);
		if (asynchronous)
			stays++;
		else
			calls++, unwound++;
	}
	SAY(cleaned), SAY(stays);
}

/* ---- out of a signal handler ---- */

static volatile sig_atomic_t jumps, may_jump;

static void jump_from_inside(int number)
{
	if (*lib_inside) {
		*lib_inside = 0;
		jumps++;
		siglongjmp(target, number);
	}
}

static void jump_from_anywhere(int number)
{
	if (may_jump) {
		may_jump = 0;
		jumps++;
		siglongjmp(target, number);
	}
}

static void tick(long us)
{
	struct itimerval every = { { 0, us }, { 0, us } };

	setitimer(ITIMER_REAL, &every, NULL);
}

static void handler_jumps_from_inside(int rounds)
{
	static long stays;

	signal(SIGALRM, jump_from_inside);
	tick(700);
	while (jumps < rounds) {
		if (!sigsetjmp(target, 1)) {
			stays++;
			lib_stay();
		}
		EXPECT(lib_add(1, 2) == 3);
		adds++;
	}
	tick(0);
	SAY(stays);
}

/* Even out of a hook: all that can be asked for is that the program goes on and is recorded again.
 */
static void handler_jumps_from_anywhere(int rounds, bool warm)
{
	int (*lib_after)(int);
	static long spins;

	spins = warm;
	GET(lib_after);
	if (warm) /* else the first jumps leave what the thread's first call prepares */
		EXPECT(lib_add(1, 1) == 2);
	signal(SIGALRM, jump_from_anywhere);
	tick(warm ? 300 : 100);
	while (jumps < rounds) {
		sigsetjmp(target, 1);
		may_jump = 1;
		for (;;) {
			spins++;
			if (lib_add(1, 2) != 3)
				puts("wrong");
			if (jumps >= rounds)
				break;
		}
	}
	tick(0);
	may_jump = 0;
	for (int i = 0; i < 1000; i++)
		EXPECT(lib_after(i) == i + 1);
	TELL(spins);
}

int main(int argc, char **argv)
{
	const char *what = argv[2];
	int rounds = argc > 3 ? atoi(argv[3]) : 100;

	library = open_library(argv[1], RTLD_NOW);
	GET(lib_call), GET(lib_add), GET(lib_stay), GET(lib_spin);
	lib_inside = look_in(library, "lib_inside");
	if (!strcmp(what, "longjmp"))
		long_jumps(rounds);
	else if (!strcmp(what, "exit"))
		threads_exit(rounds);
	else if (!strcmp(what, "cancel"))
		threads_are_cancelled(rounds);
	else if (!strcmp(what, "inside"))
		handler_jumps_from_inside(rounds);
	else
		handler_jumps_from_anywhere(rounds, !strcmp(what, "warm"));
	SAY(calls), SAY(unwound), SAY(adds);
	return 5;
}
