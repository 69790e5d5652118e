/*
 * journal.c - see journal.h.
 *
 * Both sums are over the same bytes: the sizes of all parts first, so that no
 * two different records have the same bytes.
 */
#include "store/journal.h"

#include <string.h>

#include "base/hash.h"

enum { HEAD_WORDS = 5, HEAD_SIZE = HEAD_WORDS * 8 };

static void put_word(char *at, uint64_t word)
{
    for (int i = 0; i < 8; i++)
        at[i] = (char)(word >> (8 * i) & 0xff);
}

static void put_head(char head[HEAD_SIZE], const struct store_record *record)
{
    put_word(head, record->run.size);
    put_word(head + 8, (uint64_t)record->seq);
    put_word(head + 16, record->kind.size);
    put_word(head + 24, (uint64_t)record->at_ms);
    put_word(head + 32, record->body.size);
}

void journal_start(struct str run, uint8_t chain[STORE_HASH_SIZE])
{
    hash_sha256(&run, 1, chain);
}

void journal_seal(
    const uint8_t before[STORE_HASH_SIZE], struct store_record *record)
{
    char head[HEAD_SIZE];
    put_head(head, record);
    uint64_t sum = hash64((struct str){head, sizeof head});
    sum = hash64_seed(record->run, sum);
    sum = hash64_seed(record->kind, sum);
    sum = hash64_seed(record->body, sum);
    memcpy(&record->sum, &sum, sizeof sum);
    struct str parts[] = {
        {(const char *)before, STORE_HASH_SIZE},
        {head, sizeof head},
        record->run,
        record->kind,
        record->body,
    };
    hash_sha256(parts, sizeof parts / sizeof parts[0], record->chain);
}

int journal_verify(const uint8_t before[STORE_HASH_SIZE],
    const struct store_record *record, ndf_error *error)
{
    struct store_record right = *record;
    journal_seal(before, &right);
    if (right.sum == record->sum &&
        memcmp(right.chain, record->chain, sizeof right.chain) == 0)
        return NDF_OK;
    return err_set(error, NDF_ECORRUPT,
        "record %lld of the journal of run %.*s is damaged (its %s is wrong): "
        "put back a backup",
        (long long)record->seq, STR_ARG(record->run),
        right.sum != record->sum ? "checksum" : "chain");
}
