/*
 * learned.h - what the tests of learning share.
 */
#ifndef NDF_TESTS_LEARNED_H
#define NDF_TESTS_LEARNED_H

#include "api/api.h"

extern const char *const learned_tasks[5];
extern const char *const learned_names[4];

/* The four patterns of these names. */
void learned_register(struct fixture *fixture);
/* An outcome, or a list of them. */
void learned_record(struct fixture *fixture, const char *json);
/* Outcomes of all kinds, each of its number. */
void learned_record_many(struct fixture *fixture, size_t from, size_t to);

/* The document of ndf_learned, and a number in it. */
json_t *learned_look(struct fixture *fixture);
int64_t learned_number(struct fixture *fixture, const char *key);
/* The hash of what is known when it is learned anew; same (may be NULL):
 * whether it was that before. */
void learned_rebuild(struct fixture *fixture, char hash[65], bool *same);
/* It is the same, and has that hash (NULL: any). */
void learned_expect_same(struct fixture *fixture, const char *hash);

/* The path of the checkpoint. */
void learned_path(struct fixture *fixture, char path[400]);
/* The bytes are the caller's to free. */
char *learned_read_file(const char *path, size_t *size);
void learned_write_file(const char *path, const char *bytes, size_t size);

#endif
