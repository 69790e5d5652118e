/*
 * word_file.h - reads a file of word vectors.
 */
#ifndef NDF_ENGINE_WORD_FILE_H
#define NDF_ENGINE_WORD_FILE_H

#include "decide/vectors.h"

/* An error says file and line. NDF_ESYNTAX, NDF_ELIMIT, NDF_EINVAL (no regular
 * file), NDF_ENOMEM, errors of reading. */
int word_file_read(struct vectors **out, const struct mem *mem,
    const char *path, ndf_error *error);

#endif
