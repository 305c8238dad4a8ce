/* SPDX-License-Identifier: MIT */
/*
 * The registry of wrapped functions. What is hard: it grows while thunks run (a site is complete
 * before its stub's address is given to anyone), and it is copied into every shared image that a
 * fork makes. Begin at fsc_sites_wrap().
 */
#include "sites_internal.h"

#include "modules_internal.h"
#include "session_internal.h"
#include "system_internal.h"

enum { STRING_INDEX = 65536 /* texts at most; a power of two */ };
enum { LEFT_ALONE_MAX = 16384, LEFT_ALONE_PROBES = 64 };

struct fsc_site fsc_sites[FSC_SITES_MAX];

static uint32_t site_count = 1; /* id 0 is none */
static char strings[FSC_STRING_BYTES];
static uint32_t string_bytes;
static uint32_t string_index[STRING_INDEX]; /* hash table: offset in strings[] + 1, 0 = free */

/* What only the registry needs of each site. */
static struct {
	uintptr_t library_base; /* load bias of its module */
	uint32_t name;		/* offset in strings[] */
	uint32_t free_name;	/* free=NAME of its row, if own_free */
	uint32_t module;	/* module id */
	uint16_t alias_of;	/* site with the same address, 0 = none */
	uint8_t bound;		/* enum fsc_site_bound */
} origins[FSC_SITES_MAX];

static uintptr_t codec_libraries[FSC_MODULES_MAX]; /* load bias of libraries with wrapped codecs */
static uint32_t codec_library_count;

/* Hashes of the functions that found no place, 0 = free: each counts once, however often it is
 * looked up. Where there is no room for one, its lookups count. */
static uint64_t left_alone[LEFT_ALONE_MAX];

/* Calls skipped while there was no image, as in a forked child before it attaches. */
static uint64_t skipped_early[FSC_SITES_MAX];

static const uint64_t lock_wait_ns = 200000000u;

/*
 * Serializes additions. The word lies in memory that fork zeroes, so a child never finds it taken
 * by a thread that it does not have; waiting is bounded all the same.
 */
static bool lock(void)
{
	struct system_wait wait = { 0 };

	while (__atomic_exchange_n(&fsc_live->registry_lock, 1, __ATOMIC_ACQUIRE))
		if (!system_wait(&wait, lock_wait_ns))
			return false;
	return true;
}

static void unlock(void)
{
	__atomic_store_n(&fsc_live->registry_lock, 0, __ATOMIC_RELEASE);
}

/* ---- the shared copy ---- */

static void *shared_at(struct fsc_image *image, uint64_t offset)
{
	return (char *)image + offset;
}

static void publish_strings(struct fsc_image *image)
{
	char *shared = shared_at(image, FSC_STRINGS_OFFSET);

	for (uint32_t i = image->string_bytes; i < string_bytes; i++)
		shared[i] = strings[i];
	__atomic_store_n(&image->string_bytes, string_bytes, __ATOMIC_RELEASE);
}

static void publish_modules(struct fsc_image *image)
{
	struct fsc_shared_module *shared = shared_at(image, FSC_MODULES_OFFSET);
	uint32_t count = fsc_modules_count();

	for (uint32_t i = image->module_count ? image->module_count : 1; i < count; i++)
		fsc_modules_describe(i, &shared[i]);
	__atomic_store_n(&image->module_count, count, __ATOMIC_RELEASE);
}

static void publish_site(struct fsc_image *image, uint32_t id)
{
	struct fsc_shared_site *shared = shared_at(image, FSC_SITES_OFFSET);
	const struct fsc_site *site = &fsc_sites[id];

	shared[id].name = origins[id].name;
	shared[id].module = origins[id].module;
	shared[id].offset = site->target - origins[id].library_base;
	shared[id].alias_of = origins[id].alias_of;
	shared[id].flags = site->flags;
	shared[id].kind = site->kind;
	shared[id].bound = origins[id].bound;
	__atomic_fetch_add(&shared[id].skipped,
			   __atomic_exchange_n(&skipped_early[id], 0, __ATOMIC_RELAXED),
			   __ATOMIC_RELAXED);
}

void fsc_sites_skipped(uint32_t site)
{
	struct fsc_image *image = fsc_live->image;
	struct fsc_shared_site *shared;

	if (!image) {
		__atomic_fetch_add(&skipped_early[site], 1, __ATOMIC_RELAXED);
		return;
	}
	shared = (struct fsc_shared_site *)((char *)image + FSC_SITES_OFFSET);
	__atomic_fetch_add(&shared[site].skipped, 1, __ATOMIC_RELAXED);
}

bool fsc_sites_is_text(uint32_t string, const char *text)
{
	return string >= FSC_PHASE_NAMED && string - FSC_PHASE_NAMED < string_bytes &&
	       fsc_text_same(strings + (string - FSC_PHASE_NAMED), text);
}

static void publish_from(struct fsc_image *image, uint32_t first)
{
	publish_strings(image);
	publish_modules(image);
	for (uint32_t id = first; id < site_count; id++)
		publish_site(image, id);
	__atomic_store_n(&image->site_count, site_count, __ATOMIC_RELEASE);
}

void fsc_sites_publish(struct fsc_image *image)
{
	publish_from(image, 1);
}

/* ---- additions, under the lock ---- */

/* The place of a text in string_index[], or the free one where it would go; NULL: full. */
static uint32_t *string_place(const char *text)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (const char *at = text; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	for (uint32_t i = 0; i < STRING_INDEX; i++) {
		uint32_t *place = &string_index[(hash + i) % STRING_INDEX];

		if (!*place || fsc_text_same(strings + *place - 1, text))
			return place;
	}
	return NULL;
}

static uint32_t intern(const char *text)
{
	size_t length = fsc_text_length(text);
	uint32_t offset = string_bytes;
	uint32_t *place = string_place(text);

	if (place && *place)
		return *place - 1;
	if (!place || length + 1 > FSC_STRING_BYTES - string_bytes)
		return UINT32_MAX;
	*place = offset + 1;
	for (size_t i = 0; i <= length; i++)
		strings[offset + i] = text[i];
	string_bytes += (uint32_t)length + 1;
	return offset;
}

uint32_t fsc_sites_intern(const char *text)
{
	uint32_t offset;

	if (!lock())
		return UINT32_MAX;
	offset = intern(text);
	if (__atomic_load_n(&fsc_live->state, __ATOMIC_ACQUIRE) == FSC_LIVE_READY)
		publish_strings(fsc_live->image);
	unlock();
	return offset;
}

static bool same_source(const struct fsc_buffer_place *place, uint8_t from)
{
	return place->pointer.from == from && place->length.from == from &&
	       place->length.index == place->pointer.index + 1;
}

/* Recognize the usual shapes, which the hooks read without a question for each word. */
static void find_shapes(struct fsc_site *site)
{
	const struct fsc_buffer_place *request = &site->request, *buffer = &site->buffer;

	/* One register more may be taken by the hidden pointer. */
	site->in_registers = same_source(request, FSC_FROM_ARG) &&
			     request->capacity.from == FSC_FROM_NOWHERE &&
			     request->pointer.index + 3 <= FSC_ARCH_ARGUMENT_REGISTERS;
	/* The words are copied, so that they can be read. */
	site->by_value = (!FSC_ARCH_BY_VALUE_ON_STACK ||
			  site->stack_words >= 3 + buffer->pointer.index / FSC_STRUCT_WORDS) &&
			 same_source(buffer, FSC_FROM_BY_VALUE);
	if (site->kind == FSC_SITE_FREE && site->by_value)
		site->usual = FSC_USUAL_FREE;
}

static uint8_t find_carries(const struct fsc_boundary_row *row)
{
	if (row->kind == FSC_ROW_FREE)
		return FSC_CARRIES;
	if (row->built_in)
		return row->response_style == FSC_RESPONSE_NONE ? FSC_CARRIES_NOTHING
								: FSC_CARRIES_PERHAPS;
	return row->request.pointer.from != FSC_FROM_NOWHERE ||
			       row->response_style > FSC_RESPONSE_NONE
		       ? FSC_CARRIES
		       : FSC_CARRIES_NOTHING;
}

static void apply_row(struct fsc_site *site, const struct fsc_boundary_row *row)
{
	site->stack_words = (uint16_t)fsc_settings.window_words;
	site->exact_stack = site->stack_words == 0;
	if (!row) {
		site->kind = FSC_SITE_ENTRY;
		return;
	}
	site->kind = row->kind;
	site->built_in = row->built_in;
	site->response_style = row->response_style;
	if (FSC_ARCH_SMALL_STRUCTS_HIDDEN && site->response_style == FSC_RESPONSE_REGISTERS)
		site->response_style = FSC_RESPONSE_HIDDEN;
	site->request = row->request;
	site->response = row->response;
	site->buffer = row->buffer;
	site->message = row->message;
	site->carries = find_carries(row);
	site->flags = row->built_in ? FSC_SITE_BUILT_IN : FSC_SITE_DESCRIBED;
	if (row->stack_bytes >= 0) {
		site->stack_words =
			(uint16_t)((row->stack_bytes + FSC_ARCH_WORD - 1) / FSC_ARCH_WORD);
		site->exact_stack = true;
	}
	/* A user's entry row that says nothing of buffers describes nothing. */
	if (row->kind == FSC_ROW_ENTRY && row->response_style == FSC_RESPONSE_UNSAID)
		site->flags &= (uint16_t)~FSC_SITE_DESCRIBED;
}

/* The part of a call record that is the same for all calls of a site. */
static void set_tag(struct fsc_site *site, bool codecs)
{
	struct fsc_call_record record = { .site = (uint16_t)site->id,
					  .flags = codecs ? FSC_CALL_CODECS : 0 };

	_Static_assert(offsetof(struct fsc_call_record, number) -
				       offsetof(struct fsc_call_record, site) ==
			       sizeof(site->call_tag),
		       "site, flags and child_calls are neighbours");
	__builtin_memcpy(&site->call_tag, &record.site, sizeof(site->call_tag));
}

/* See fsc_buffer_before(). */
static bool wants_before(const struct fsc_site *site)
{
	return !FSC_ARCH_HIDDEN_RETURNED && site->carries == FSC_CARRIES_PERHAPS &&
	       site->response_style == FSC_RESPONSE_HIDDEN;
}

/* What the hooks would have to work out at each call. */
static void prepare(struct fsc_site *site)
{
	uint32_t stack_bytes = site->stack_words * FSC_ARCH_WORD;

	site->call_id = site->kind <= FSC_SITE_FREE && !wants_before(site) ? site->id : UINT32_MAX;
	if (site->exact_stack)
		site->window_limit = FSC_PAGE;
	else if (stack_bytes < FSC_PAGE - FSC_ARCH_WORD)
		site->window_limit = (uint16_t)(FSC_PAGE - FSC_ARCH_WORD - stack_bytes);
	find_shapes(site);
}

_Static_assert((int)FSC_SITE_ENTRY == (int)FSC_ROW_ENTRY &&
		       (int)FSC_SITE_FREE == (int)FSC_ROW_FREE &&
		       (int)FSC_SITE_ACQUIRE == (int)FSC_ROW_ACQUIRE &&
		       (int)FSC_SITE_RELEASE == (int)FSC_ROW_RELEASE &&
		       (int)FSC_SITE_ENCODE == (int)FSC_ROW_ENCODE &&
		       (int)FSC_SITE_DECODE == (int)FSC_ROW_DECODE,
	       "a row's kind is its site's kind");

static bool has_codecs(uintptr_t library_base)
{
	for (uint32_t i = 0; i < codec_library_count; i++)
		if (codec_libraries[i] == library_base)
			return true;
	return false;
}

static uintptr_t stub_of(uint32_t id)
{
	return (uintptr_t)fsc_arch_stubs + (uintptr_t)id * FSC_ARCH_STUB_BYTES;
}

bool fsc_sites_is_stub(uintptr_t address)
{
	return address - (uintptr_t)fsc_arch_stubs < (uintptr_t)FSC_SITES_MAX * FSC_ARCH_STUB_BYTES;
}

uintptr_t fsc_sites_function(uintptr_t address)
{
	uintptr_t offset = address - (uintptr_t)fsc_arch_stubs;

	if (!fsc_sites_is_stub(address) || offset % FSC_ARCH_STUB_BYTES)
		return address;
	return fsc_sites[offset / FSC_ARCH_STUB_BYTES].target;
}

/* The site of that address; *same_name: also under that name, in that library. */
static uint32_t find(const struct fsc_site_request *request, uint32_t name, uint32_t module,
		     bool *same_name)
{
	uint32_t first = 0;

	*same_name = false;
	for (uint32_t id = 1; id < site_count; id++) {
		if (fsc_sites[id].target != request->target || origins[id].module != module)
			continue;
		if (!first)
			first = id;
		if (origins[id].name == name) {
			*same_name = true;
			return origins[id].alias_of ? origins[id].alias_of : id;
		}
	}
	return first;
}

static uintptr_t leave_alone(const struct fsc_site_request *request)
{
	uint64_t hash = request->target;

	for (const char *at = request->name; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x9e3779b97f4a7c15u;
	hash |= 1;
	for (uint32_t i = 0; i < LEFT_ALONE_PROBES; i++) {
		uint64_t *place = &left_alone[((hash >> 32) + i) % LEFT_ALONE_MAX];

		if (*place == hash)
			return request->target;
		if (!*place) {
			*place = hash;
			break;
		}
	}
	__atomic_fetch_add(&fsc_session->pool_exhausted, 1, __ATOMIC_RELAXED);
	return request->target;
}

static uintptr_t add(const struct fsc_site_request *request)
{
	uint32_t name = intern(request->name);
	uint32_t path = intern(request->library);
	struct fsc_site *site = &fsc_sites[site_count];
	uint32_t module, same;
	bool same_name, own_free = request->row && *request->row->free_name;

	if (name == UINT32_MAX || path == UINT32_MAX)
		return leave_alone(request);
	module = fsc_modules_find(path, request->library_base);
	if (!module)
		return leave_alone(request);
	same = find(request, name, module, &same_name);
	if (same_name)
		return stub_of(same);
	if (site_count == FSC_SITES_MAX)
		return leave_alone(request);
	site->id = site_count;
	origins[site_count].library_base = request->library_base;
	origins[site_count].name = name;
	origins[site_count].module = module;
	origins[site_count].bound = request->bound;
	origins[site_count].alias_of = (uint16_t)same;
	apply_row(site, request->row);
	if (own_free) {
		origins[site_count].free_name = intern(request->row->free_name);
		site->own_free = origins[site_count].free_name != UINT32_MAX;
	}
	prepare(site);
	set_tag(site, has_codecs(request->library_base));
	__atomic_store_n(&site->target, request->target, __ATOMIC_RELEASE);
	site_count++;
	__atomic_fetch_add(&fsc_session->wrapped, 1, __ATOMIC_RELAXED);
	return stub_of(same ? same : site->id);
}

uintptr_t fsc_sites_wrap(const struct fsc_site_request *request)
{
	uint32_t before;
	uintptr_t stub;

	if (fsc_sites_is_stub(request->target) || !lock())
		return request->target;
	before = site_count;
	stub = add(request);
	if (site_count > before &&
	    __atomic_load_n(&fsc_live->state, __ATOMIC_ACQUIRE) == FSC_LIVE_READY)
		publish_from(fsc_live->image, before);
	unlock();
	/*
	 * The image is made now, before threads start, rather than by the first calls at once; and
	 * the ledger with it, if buffers can come back: filling its memory takes as long as many
	 * requests.
	 */
	if (site_count > before && fsc_session_attach_image() && request->row &&
	    request->row->kind == FSC_ROW_FREE && !fsc_live->ledger)
		fsc_attach_ledger();
	return stub;
}

bool fsc_sites_frees(uint32_t maker, uint32_t freer)
{
	for (uint32_t id = 1; id < site_count; id++)
		if ((id == freer || origins[id].alias_of == freer) &&
		    fsc_glob_match(strings + origins[maker].free_name, strings + origins[id].name))
			return true;
	return false;
}

void fsc_sites_library_has_codecs(uintptr_t library_base)
{
	if (has_codecs(library_base) || codec_library_count == FSC_MODULES_MAX)
		return;
	codec_libraries[codec_library_count++] = library_base;
	for (uint32_t id = 1; id < site_count; id++)
		if (origins[id].library_base == library_base)
			set_tag(&fsc_sites[id], true);
}
