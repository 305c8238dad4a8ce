/* SPDX-License-Identifier: MIT */
/* Nothing is hard here. */
#include "cli/json_members.h"

void fsc_json_members_maybe(struct fsc_json *json, const char *name, struct fsc_maybe number)
{
	if (number.known)
		fsc_json_member_i64(json, name, number.value);
	else
		fsc_json_member_null(json, name);
}

void fsc_json_members_text(struct fsc_json *json, const char *name, const char *text)
{
	fsc_json_member_string(json, name, *text ? text : NULL);
}

void fsc_json_members_loss(struct fsc_json *json, const struct fsc_stream_loss *loss)
{
	fsc_json_key(json, "loss");
	fsc_json_object_begin(json);
	fsc_json_members_maybe(json, "events", fsc_stream_loss_count(loss, loss->events));
	fsc_json_members_maybe(json, "findings", fsc_stream_loss_count(loss, loss->findings));
	fsc_json_members_maybe(json, "overwritten_events",
			       fsc_stream_loss_count(loss, loss->overwritten));
	fsc_json_member_u64(json, "skipped_events", loss->skipped_events);
	fsc_json_member_u64(json, "damaged_streams", loss->damaged_streams);
	fsc_json_object_end(json);
}
