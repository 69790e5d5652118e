/*
 * ndf/error.h - every error of NDF: a name, a negative number, a text.
 *
 * Calls return NDF_OK (0) or one of these codes; nothing else. A call that can
 * say more than the code (where in which file, what to do) also fills an
 * ndf_error.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NDF_ERROR_H
#define NDF_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define NDF_API __attribute__((visibility("default")))
#else
#define NDF_API
#endif

/* X(name, code, text). Codes never change their number; new ones are added. */
#define NDF_ERRORS(X)                                                          \
    X(NDF_ENOMEM, -1, "out of memory")                                         \
    X(NDF_EINVAL, -2, "invalid argument")                                      \
    X(NDF_ESYNTAX, -3, "not well-formed JSON or YAML")                         \
    X(NDF_ESCHEMA, -4, "not a valid NDF document")                             \
    X(NDF_ELIMIT, -5, "a limit was exceeded")                                  \
    X(NDF_ENOTFOUND, -6, "not found")                                          \
    X(NDF_EEXISTS, -7, "exists already")                                       \
    X(NDF_EREFERENCE, -8, "a reference names nothing")                         \
    X(NDF_ECYCLE, -9, "references form a circle")                              \
    X(NDF_EIO, -10, "input or output failed")                                  \
    X(NDF_ESTORE, -11, "the store failed")                                     \
    X(NDF_ECORRUPT, -12, "the store is damaged")                               \
    X(NDF_ENEWER, -13, "the store was written by a newer version")             \
    X(NDF_EBUSY, -14, "in use by another process")                             \
    X(NDF_EREADONLY, -15, "read-only")                                         \
    X(NDF_EFULL, -16, "no space left")                                         \
    X(NDF_EUNTRUSTED, -17, "the folder is not trusted")                        \
    X(NDF_EAGENT, -18, "an agent could not be started")                        \
    X(NDF_ETIMEOUT, -19, "timed out")                                          \
    X(NDF_ECANCELLED, -20, "cancelled")                                        \
    X(NDF_EINDOUBT, -21, "a step is in doubt")                                 \
    X(NDF_ENOCONFIDENCE, -22, "no pattern is confident enough")                \
    X(NDF_EFORKED, -23, "the engine belongs to the parent process")            \
    X(NDF_ECLOSED, -24, "closed")                                              \
    X(NDF_EUNSUPPORTED, -25, "not supported")                                  \
    X(NDF_EHOST, -26, "a function of the host failed")

#define NDF_ERROR_ENUM(name, code, text) name = (code),
enum ndf_code { NDF_OK = 0, NDF_ERRORS(NDF_ERROR_ENUM) };
#undef NDF_ERROR_ENUM

enum { NDF_MESSAGE_SIZE = 1024 };

/* What went wrong, for a person: one sentence that says what, where and what
 * to do. line and column count from 1; 0 is unknown. Filled only on error. */
typedef struct ndf_error {
    int code;
    unsigned line;
    unsigned column;
    char message[NDF_MESSAGE_SIZE];
} ndf_error;

/* The text of a code ("out of memory"); static, never NULL. */
NDF_API const char *ndf_strerror(int code);
/* The name of a code ("NDF_ENOMEM"); static, never NULL. */
NDF_API const char *ndf_error_name(int code);

#ifdef __cplusplus
}
#endif
#endif
