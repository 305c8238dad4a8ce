/* SPDX-License-Identifier: MIT */
/*
 * xml_text.h - text from outside as XML character data.
 *
 * In:     any bytes up to a NUL.
 * Out:    well-formed UTF-8 with markup escaped; what XML 1.0 (section 2.2) does not allow becomes
 *         U+FFFD.
 * Cost:   no allocation.
 * Thread: as the stream.
 */
#ifndef FLAMEGRAPHS_XML_TEXT_H
#define FLAMEGRAPHS_XML_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Fit for elements and for attributes in double quotes. */
void fsc_xml_text_write(const char *text, FILE *out);

/*
 * The same, but at most `columns` columns: what is cut off is shown as an ellipsis in the last one.
 * Nothing is written where fewer than 3 columns would have to be cut.
 */
void fsc_xml_text_write_cut(const char *text, size_t columns, FILE *out);

#endif
