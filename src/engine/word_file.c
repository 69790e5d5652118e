/*
 * word_file.c - see word_file.h.
 */
#include "engine/word_file.h"

#include "base/os.h"

struct reading {
    struct vectors_reader *reader;
    ndf_error *error;
};

static int read_piece(void *ud, struct str bytes)
{
    const struct reading *reading = ud;
    int err = vectors_reader_add(reading->reader, bytes, reading->error);
    return err == NDF_OK && vectors_reader_full(reading->reader) ? 1 : err;
}

int word_file_read(struct vectors **out, const struct mem *mem,
    const char *path, ndf_error *error)
{
    struct vectors_reader *reader;
    *out = NULL;
    int err = vectors_reader_new(&reader, mem);
    if (err != NDF_OK) return err;
    struct reading reading = {reader, error};
    err = os_read_pieces(path, read_piece, &reading, error);
    if (err == NDF_OK) err = vectors_reader_end(reader, out, error);
    vectors_reader_free(reader);
    if (err == NDF_ESYNTAX || err == NDF_ELIMIT) (void)err_prefix(error, path);
    return err;
}
