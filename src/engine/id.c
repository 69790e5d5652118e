/*
 * id.c - see id.h.
 *
 * Five random bits a letter: no two runs have ever the same id, and people can
 * say it aloud (no i, l, o and u among them).
 */
#include "engine/id.h"

#include "base/os.h"

static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";

bool engine_id_valid(struct str id)
{
    if (id.size != ENGINE_ID_SIZE - 1) return false;
    for (size_t i = 0; i < id.size; i++)
        if (str_find_char(str_of(letters), id.at[i]) == sizeof letters - 1)
            return false;
    return true;
}

int64_t engine_id_number(struct str id)
{
    int64_t number = 0;
    for (size_t i = 0; i < id.size; i++)
        number =
            number * 32 + (int64_t)str_find_char(str_of(letters), id.at[i]);
    return number;
}

int engine_new_id(char out[ENGINE_ID_SIZE])
{
    unsigned char bytes[ENGINE_ID_SIZE - 1];
    int err = os_random(bytes, sizeof bytes);
    if (err != NDF_OK) return err;
    for (size_t i = 0; i < sizeof bytes; i++)
        out[i] = letters[bytes[i] & 31];
    out[sizeof bytes] = '\0';
    return NDF_OK;
}
