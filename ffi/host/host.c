/* SPDX-License-Identifier: MIT */
/*
 * host.c - the program: options, switches of the service, threads, report, and an end of the kind
 * that was asked for. Begin at main().
 */
#include "ffi/host/host_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Set the switches that the options ask for; what they leave alone the environment may have set. */
static void plant(const struct fsc_host_api *api, const struct fsc_host_options *options)
{
	api->init_service();
	if (options->delay_decode_ns > 0)
		api->ffi_service_set("DELAY_DECODE_NS", options->delay_decode_ns);
	if (options->delay_work_ns > 0)
		api->ffi_service_set("DELAY_WORK_NS", options->delay_work_ns);
	if (options->delay_encode_ns > 0)
		api->ffi_service_set("DELAY_ENCODE_NS", options->delay_encode_ns);
	if (options->pool)
		api->ffi_service_set("POOL", 1);
	if (options->free_twice_at > 0 || options->wrong_length_at > 0 ||
	    options->plain_free_at > 0)
		api->ffi_service_set("REGISTRY", 1);
	fsc_planted_set(&fsc_host_delays[FSC_HOST_ENCODE], options->delay_host_encode_ns);
	fsc_planted_set(&fsc_host_delays[FSC_HOST_DECODE], options->delay_host_decode_ns);
	fsc_planted_set(&fsc_host_delays[FSC_HOST_PREPARE], options->delay_prepare_ns);
	fsc_planted_set(&fsc_host_delays[FSC_HOST_CONSUME], options->delay_consume_ns);
}

/* Thread t of T does the requests t+1, t+1+T, t+1+2T ... */
static void *run_thread(void *argument)
{
	struct fsc_host_thread *thread = argument;
	const struct fsc_host_options *options = thread->options;

	thread->codec = fsc_host_codec_create(options->batch);
	if (!thread->codec) {
		thread->failure = ENOMEM;
	} else {
		for (uint64_t i = thread->first; i <= options->requests; i += options->threads) {
			size_t entry = thread->entry == FSC_HOST_MIXED
					       ? (i - 1) % FSC_HOST_MIXED_COUNT
					       : thread->entry;

			fsc_host_do_request(thread, &fsc_host_entries[entry], i);
		}
	}
	fsc_host_codec_destroy(thread->codec);
	return NULL;
}

static void add_tally(struct fsc_host_tally *sum, const struct fsc_host_tally *tally)
{
	for (size_t i = 0; i < FSC_HOST_ENTRY_COUNT; i++) {
		sum->rows[i].calls += tally->rows[i].calls;
		sum->rows[i].request_bytes += tally->rows[i].request_bytes;
		sum->rows[i].response_bytes += tally->rows[i].response_bytes;
		sum->rows[i].frees += tally->rows[i].frees;
	}
	sum->leaked += tally->leaked;
	sum->leaked_bytes += tally->leaked_bytes;
	sum->freed_twice += tally->freed_twice;
	sum->freed_wrong_length += tally->freed_wrong_length;
	sum->freed_plain += tally->freed_plain;
	sum->failed += tally->failed;
}

/* Thread 0 is the main thread: a host of one thread starts none. */
static bool run_threads(struct fsc_host_thread *threads, pthread_t *handles, uint64_t count)
{
	uint64_t started = 1;
	bool ok = true;

	while (started < count &&
	       pthread_create(&handles[started], NULL, run_thread, &threads[started]) == 0)
		started++;
	run_thread(&threads[0]);
	for (uint64_t i = 1; i < started; i++)
		pthread_join(handles[i], NULL);
	for (uint64_t i = 0; i < count; i++)
		ok = ok && i < started && threads[i].failure == 0;
	return ok;
}

/* Add what all threads did to *tally. false: memory or threads ran out. */
static bool run(const struct fsc_host_api *api, const struct fsc_host_options *options,
		struct fsc_host_tally *tally)
{
	struct fsc_host_thread *threads = calloc(options->threads, sizeof(*threads));
	pthread_t *handles = calloc(options->threads, sizeof(*handles));
	enum fsc_host_entry_id entry;
	bool ok = threads && handles && fsc_host_find_entry(options->entry, &entry);

	for (uint64_t i = 0; ok && i < options->threads; i++) {
		threads[i].api = api;
		threads[i].options = options;
		threads[i].entry = entry;
		threads[i].first = i + 1;
	}
	ok = ok && run_threads(threads, handles, options->threads);
	for (uint64_t i = 0; ok && i < options->threads; i++)
		add_tally(tally, &threads[i].tally);
	free(handles);
	free(threads);
	return ok;
}

static void pause_ms(uint64_t ms)
{
	struct timespec rest = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	while (nanosleep(&rest, &rest) == -1 && errno == EINTR)
		continue;
}

static int end(const char *how, int status)
{
	if (strcmp(how, "kill") == 0)
		(void)raise(SIGKILL);
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "_exit") == 0)
		_exit(status);
	return status;
}

int main(int argc, char **argv)
{
	static struct fsc_host_tally tally;
	struct fsc_host_options options;
	struct fsc_host_api api;
	uint64_t start_ns;

	if (!fsc_host_parse_options(&options, argc, argv) || !fsc_host_open(&api, &options))
		return 2;
	plant(&api, &options);
	start_ns = fsc_planted_now_ns();
	if (!run(&api, &options, &tally)) {
		(void)fprintf(stderr, "memory or threads ran out\n");
		return 2;
	}
	fsc_host_report(&api, &options, &tally, fsc_planted_now_ns() - start_ns);
	pause_ms(options.pause_ms);
	return end(options.end, tally.failed > 0);
}
