/*
 * base64.h - RFC 4648 base64, with padding: bytes as text.
 */
#ifndef NDF_BASE_BASE64_H
#define NDF_BASE_BASE64_H

#include "base/buf.h"

/* Appends. Failure sticks in buf. */
void base64_write(struct buf *buf, struct str bytes);
/* Appends the bytes; false when text is no base64 as base64_write makes it. */
bool base64_read(struct buf *buf, struct str text);

#endif
