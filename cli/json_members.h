/* SPDX-License-Identifier: MIT */
/*
 * json_members.h - members that several JSON documents have.
 *
 * In:     what the analyzers found.
 * Out:    members of the object at hand; what is not known is null.
 * Thread: as the document.
 */
#ifndef CLI_JSON_MEMBERS_H
#define CLI_JSON_MEMBERS_H

#include "analyzers/event_stream.h"
#include "trace_points/json_writer.h"

void fsc_json_members_maybe(struct fsc_json *json, const char *name, struct fsc_maybe number);

/* "" is not known. */
void fsc_json_members_text(struct fsc_json *json, const char *name, const char *text);

/* The member "loss". */
void fsc_json_members_loss(struct fsc_json *json, const struct fsc_stream_loss *loss);

#endif
