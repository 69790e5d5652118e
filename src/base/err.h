/*
 * err.h - filling an ndf_error. The codes are in ndf/error.h.
 */
#ifndef NDF_BASE_ERR_H
#define NDF_BASE_ERR_H

#include <stddef.h>
#include <stdint.h>

#include "ndf/error.h"

/* Sets code, place (0: unknown) and message; cuts what is too long at a UTF-8
 * boundary. Control bytes of the message become '?', so that hostile input
 * cannot write to a terminal. error may be NULL. Returns code. */
int err_at(ndf_error *error, int code, uint32_t line, uint32_t column,
    const char *format, ...) __attribute__((format(printf, 5, 6)));
int err_set(ndf_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "path:line:column: " before the message (parts that are 0 are left
 * out), once. Returns error->code; NDF_EINVAL when error is NULL. */
int err_prefix(ndf_error *error, const char *path);
/* The code for an errno after a failed system call: ENOSPC -> NDF_EFULL,
 * ENOMEM -> NDF_ENOMEM, EROFS, EACCES, EPERM -> NDF_EREADONLY, ENOENT ->
 * NDF_ENOTFOUND, else NDF_EIO. */
int err_from_errno(int number);
/* As strerror, thread-safe: writes into text and returns it. */
const char *err_errno_text(int number, char *text, size_t size);

#endif
