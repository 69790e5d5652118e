/*
 * junit.c - see junit.h.
 *
 * Texts come from files and may hold what XML 1.0 cannot: those characters
 * become U+FFFD, so that no task makes a report that nobody can read.
 */
#include "cli/junit.h"

#include <errno.h>
#include <string.h>

/* Whether the character that begins here is none of XML's: most controls,
 * U+FFFE and U+FFFF. */
static bool is_foreign(const unsigned char *at)
{
    if (at[0] < 0x20) return strchr("\t\n\r", at[0]) == NULL;
    return at[0] == 0xEF && at[1] == 0xBF && at[2] >= 0xBE;
}

/* Escaped for an attribute as well as for an element. */
static void put_text(FILE *file, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    for (; *at != '\0'; at++) {
        if (is_foreign(at)) {
            (void)fputs("\xEF\xBF\xBD", file);
            if (*at == 0xEF) at += 2;
        } else if (*at < 0x20 || strchr("<>&\"'", *at) != NULL) {
            (void)fprintf(file, "&#%d;", *at);
        } else {
            (void)fputc(*at, file);
        }
    }
}

static void put_attribute(FILE *file, const char *name, const char *text)
{
    (void)fprintf(file, " %s=\"", name);
    put_text(file, text);
    (void)fputc('"', file);
}

static void put_case(FILE *file, const char *suite, const json_t *result)
{
    (void)fputs("    <testcase", file);
    put_attribute(file, "classname", suite);
    put_attribute(file, "name", cli_get(result, "task"));
    put_attribute(file, "file", suite);
    (void)fprintf(file, " line=\"%lld\" time=\"%.6f\"",
        (long long)json_integer_value(json_object_get(result, "line")),
        json_real_value(json_object_get(result, "ms")) / 1000);
    const char *message = cli_get(result, "message");
    if (message[0] == '\0') {
        (void)fputs("/>\n", file);
        return;
    }
    (void)fputs(">\n      <failure", file);
    put_attribute(file, "message", message);
    put_attribute(file, "type", "routing");
    (void)fputc('>', file);
    put_text(file, cli_get(result, "reason"));
    (void)fputs("</failure>\n    </testcase>\n", file);
}

static void put_counts(FILE *file, const json_t *doc)
{
    (void)fprintf(file,
        " tests=\"%lld\" failures=\"%lld\" errors=\"0\" skipped=\"0\" "
        "time=\"%.6f\">\n",
        (long long)json_integer_value(json_object_get(doc, "tests")),
        (long long)json_integer_value(json_object_get(doc, "failed")),
        json_real_value(json_object_get(doc, "ms")) / 1000);
}

static void put_report(FILE *file, const json_t *doc)
{
    const char *suite = cli_get(doc, "file");
    const json_t *results = json_object_get(doc, "results");
    (void)fputs(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", file);
    put_counts(file, doc);
    (void)fputs("  <testsuite", file);
    put_attribute(file, "name", suite);
    put_counts(file, doc);
    for (size_t i = 0; i < json_array_size(results); i++)
        put_case(file, suite, json_array_get(results, i));
    (void)fputs("  </testsuite>\n</testsuites>\n", file);
}

int junit_write(const struct cli *cli, const char *path, const json_t *doc)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return cli_fail(
            cli, STATUS_USAGE, "cannot make %s: %s", path, strerror(errno));
    put_report(file, doc);
    bool failed = fflush(file) != 0 || ferror(file) != 0;
    int number = errno;
    failed |= fclose(file) != 0;
    if (!failed) return STATUS_DONE;
    return cli_fail(
        cli, STATUS_FAILED, "cannot write %s: %s", path, strerror(number));
}
