/*
 * journal.h - what makes a run's journal evident: a checksum of each record,
 * and a chain of SHA-256 over all of them.
 *
 * The checksum finds a damaged record, the chain one that was changed, left
 * out or moved; the run's row, which has the number of records and the last
 * link, finds a tail that was cut off.
 */
#ifndef NDF_STORE_JOURNAL_H
#define NDF_STORE_JOURNAL_H

#include <stdbool.h>

#include "base/err.h"
#include "store/record.h"

/* The link before the first record: SHA-256 of the run's id. */
void journal_start(struct str run, uint8_t chain[STORE_HASH_SIZE]);
/* Sets sum and chain of a record that follows the link `before`. */
void journal_seal(
    const uint8_t before[STORE_HASH_SIZE], struct store_record *record);
/* NDF_ECORRUPT, with run and number in error, unless sum and chain are
 * right. */
int journal_verify(const uint8_t before[STORE_HASH_SIZE],
    const struct store_record *record, ndf_error *error);

#endif
