/*
 * learned.c - see learned.h.
 */
#include "api/learned.h"

#include <stdio.h>
#include <stdlib.h>

json_t *learned_look(struct fixture *fixture)
{
    ndf_text *text;
    assert_int_equal(
        ndf_learned(fixture->engine, &text, &fixture->error), NDF_OK);
    return parse_text(text);
}

int64_t learned_number(struct fixture *fixture, const char *key)
{
    json_t *doc = learned_look(fixture);
    int64_t number = json_integer_value(json_object_get(doc, key));
    json_decref(doc);
    return number;
}

/* The hash of what is known when it is learned anew; same (may be NULL):
 * whether it was that before. */
void learned_rebuild(struct fixture *fixture, char hash[65], bool *same)
{
    ndf_text *text;
    assert_int_equal(
        ndf_learn_rebuild(fixture->engine, &text, &fixture->error), NDF_OK);
    json_t *doc = parse_text(text);
    (void)snprintf(hash, 65, "%s", string_at(doc, "hash"));
    if (same != NULL) *same = json_is_true(json_object_get(doc, "same"));
    json_decref(doc);
}

void learned_expect_same(struct fixture *fixture, const char *hash)
{
    char again[65];
    bool same = false;
    learned_rebuild(fixture, again, &same);
    assert_true(same);
    if (hash != NULL) assert_string_equal(again, hash);
}

void learned_record(struct fixture *fixture, const char *json)
{
    assert_int_equal(
        ndf_record(fixture->engine, json, strlen(json), &fixture->error),
        NDF_OK);
}

const char *const learned_tasks[] = {"review the login flow for holes",
    "write a report on the sales", "mend the broken build",
    "translate the letter to German", "draw a chart of the load"};

void learned_register(struct fixture *fixture)
{
    fixture_register(fixture,
        "agent: worker\nrun: [/bin/true]\n---\n"
        "pattern: reviewer\ndescription: Reviews code.\nsteps: [worker]\n---\n"
        "pattern: writer\ndescription: Writes reports.\nsteps: [worker]\n---\n"
        "pattern: mender\ndescription: Mends builds.\nsteps: [worker]\n---\n"
        "pattern: drawer\ndescription: Draws charts.\nsteps: [worker]\n");
}

const char *const learned_names[] = {"reviewer", "writer", "mender", "drawer"};

static void record_one(struct fixture *fixture, size_t i)
{
    char json[512];
    (void)snprintf(json, sizeof json,
        "{\"pattern\":\"%s\",\"text\":\"%s, number %zu\",\"result\":\"%s\","
        "\"evidence\":\"person\"%s%s%s}",
        learned_names[i % 4], learned_tasks[i % 5], i,
        i % 3 == 0 ? "success" : "failure", i % 7 == 0 ? ",\"should\":\"" : "",
        i % 7 == 0 ? learned_names[(i + 1) % 4] : "", i % 7 == 0 ? "\"" : "");
    learned_record(fixture,
        i % 11 != 0 ? json : "{\"none\":true,\"text\":\"sing me a song\"}");
}

void learned_record_many(struct fixture *fixture, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        record_one(fixture, i);
}

void learned_path(struct fixture *fixture, char path[400])
{
    (void)snprintf(path, 400, "%s.learned", fixture->store);
}

char *learned_read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = malloc(1 << 22);
    *size = fread(bytes, 1, 1 << 22, file);
    fclose(file);
    return bytes;
}

void learned_write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}
