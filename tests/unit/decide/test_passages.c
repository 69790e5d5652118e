/*
 * The passages of descriptions and bodies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide/passages.h"
#include "support/support.h"

static const char letters[] = {[PASSAGE_PLAIN] = 'P',
    [PASSAGE_UTTERANCE] = 'U',
    [PASSAGE_USE] = '+',
    [PASSAGE_NOT_FOR] = '-',
    [PASSAGE_ASIDE] = 'A'};

/* "P one|U two": a letter for the kind, then the text. */
static char *read(enum passages_source source, const char *text)
{
    static char out[4096];
    struct buf mended;
    struct passages passages;
    struct passage passage;
    size_t size = 0;
    buf_init(&mended, &mem_libc);
    out[0] = '\0';
    assert_ok(passages_mend(&mended, str_of(text)));
    passages_init(&passages,
        source == PASSAGES_BODY ? str_of(text) : buf_str(&mended), source);
    while (passages_next(&passages, &passage))
        size += (size_t)snprintf(out + size, sizeof out - size, "%s%c %.*s",
            size > 0 ? "|" : "", letters[passage.kind], STR_ARG(passage.text));
    buf_deinit(&mended);
    return out;
}

struct reading {
    const char *text, *passages;
};

static void check(
    enum passages_source source, const struct reading *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_string_equal(read(source, table[i].text), table[i].passages);
}

#define CHECK(source, table) check(source, table, sizeof table / sizeof *table)

static void examples_give_what_users_say(void **state)
{
    static const struct reading table[] = {
        {"Mends roofs. Examples:\\n\\n<example>\\nContext: A storm passed.\\n"
         "user: \"Water drips onto my \"good\" sofa, don't wait\"\\n"
         "assistant: \"I'll call the roofer.\"\\n<commentary>\\nA leak. user: "
         "\"no\"\\n</commentary>\\n</example>",
            "P Mends roofs.|P Examples|A A storm passed.|"
            "U Water drips onto my \"good\" sofa, don't wait|"
            "A I'll call the roofer."},
        {"<example>Context: wind user: 'The chimney's cap is off' assistant: "
         "'ok' <commentary>why</commentary></example>",
            "A wind|U The chimney's cap is off|A ok"},
        {"- <example>\n  User: create a user: bob\n  **assistant:** ok\n",
            "U create a user: bob|A ok"},
        {"Roofs.\nuser: \"Is it dry?\"\nassistant: \"Yes.\"\nWalls.",
            "P Roofs.|U Is it dry?|A Yes.|P Walls."},
        {"<example>user: \"a\"<example>user: \"b\"", "U a|U b"},
        {"<example class=\"x\">user: \"a\"</example>more", "U a|P more"},
    };
    (void)state;
    CHECK(PASSAGES_DESCRIPTION, table);
}

static void requests_in_quotes_are_utterances(void **state)
{
    static const struct reading table[] = {
        {"Use when the user asks to \"mend a roof\", \"fix a leak.\" or names "
         "\"tiles\".",
            "+ the user asks to|U mend a roof|U fix a leak.|"
            "+ or names \"tiles\"."},
        {"Says \xE2\x80\x9Cit is dry\xE2\x80\x9D.", "P Says|U it is dry|P ."},
        {"Not for those who say \"do it cheaply\".",
            "- those who say \"do it cheaply\"."},
        {"Knows \"rain and snow\".", "P Knows \"rain and snow\"."},
    };
    (void)state;
    CHECK(PASSAGES_DESCRIPTION, table);
}

static void guidance_is_told_from_its_opposite(void **state)
{
    static const struct reading table[] = {
        {"Use this agent when roofs leak.", "+ roofs leak."},
        {"Use PROACTIVELY after storms. MUST BE USED for hail.",
            "+ storms.|+ hail."},
        {"This skill should be used when it rains.", "+ it rains."},
        {"Invoke when it rains; perfect for hail.", "+ it rains;|+ hail."},
        {"Not for walls; use the mason instead. Fast.",
            "- walls;|A use the mason instead.|P Fast."},
        {"Not for walls, use it for roofs.", "- walls|+ for roofs."},
        {"Not for walls or doors, but fine with floors.",
            "- walls or doors|+ fine with floors."},
        {"Mends roofs (not for walls (or doors)) and gutters.",
            "P Mends roofs|- walls (or doors)|P and gutters."},
        {"Do NOT use this agent for walls, e.g. brick. Do not use it to paint.",
            "- walls, e.g. brick.|- paint."},
        {"Don\xE2\x80\x99t use the roof-mender agent when it is dry.",
            "- it is dry."},
        {"Avoid using this agent for doors.", "- doors."},
        {"It should not be used for doors.", "P It should|- doors."},
        {"Use for roofs except flat ones.", "+ roofs|- flat ones."},
        {"For doors, use the joiner agent instead.",
            "- doors|A the joiner agent instead."},
        {"When all else fails, use this agent instead.",
            "P When all else fails, use this agent instead."},
        {"Roofs \xE2\x80\x94 not for walls \xE2\x80\x94 and gutters.",
            "P Roofs|- walls|P and gutters."},
    };
    (void)state;
    CHECK(PASSAGES_DESCRIPTION, table);
}

/* What instructs the agent, or only sounds like guidance, stays plain. */
static void other_negations_are_plain(void **state)
{
    static const char *const table[] = {"Never uses globals for state.",
        "Do not use deprecated calls.", "Do not disturb the birds.",
        "Writes tests that do not fail for no reason.",
        "Avoid using jargon in reports.", "Handles all errors except none.",
        "Finds what others have not covered.", "Use caching instead of speed.",
        "Nicht f\xC3\xBCr W\xC3\xA4nde.", "Finds <b>bold</b> text.",
        "Version 2.0 of C++."};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char want[128];
        snprintf(want, sizeof want, "P %s", table[i]);
        assert_string_equal(read(PASSAGES_DESCRIPTION, table[i]), want);
    }
}

static void lists_belong_to_their_leads(void **state)
{
    static const struct reading table[] = {
        {"Roofs.\n\nUse this agent when you need to:\n- find leaks\n2. lay "
         "tiles\n\nDo NOT use for:\n\n* walls\n\xE2\x80\xA2 doors\n\nCheap.",
            "P Roofs.|+ you need to|+ find leaks|+ lay tiles|- walls|- doors|"
            "P Cheap."},
        {"**When to use:** roofs. **Not for:** walls.", "+ roofs.|- walls."},
        {"## When not to use\nWalls.\nDoors.\n## Price\nCheap.",
            "- Walls.|- Doors.|P Price|P Cheap."},
    };
    (void)state;
    CHECK(PASSAGES_DESCRIPTION, table);
}

static void a_body_is_cut_at_headings_and_examples_only(void **state)
{
    static const struct reading table[] = {
        {"You mend. Never use it for walls. Not for doors.\n",
            "P You mend. Never use it for walls. Not for doors."},
        {"# Roofer\n## When to use\n- leaks\n## When NOT to use\n- walls\n"
         "## Steps\nDo not use tar on tiles.",
            "P # Roofer|+ leaks|- walls|P ## Steps|P Do not use tar on tiles."},
        {"Like so:\n<example>\nuser: \"Mend it\"\n</example>\nDone.",
            "P Like so|U Mend it|P Done."},
        {"```\n## When to use\n<example>user: \"a\"</example>\n```\nEnd",
            "P ## When to use|P <example>user: \"a\"</example>|P End"},
        {"Wrap it in `<example>` tags.\nMore.", "P Wrap it in|P tags.|P More."},
        {"A pattern like \\n stays.", "P A pattern like \\n stays."},
    };
    (void)state;
    CHECK(PASSAGES_BODY, table);
}

static void hostile_texts_end(void **state)
{
    static const char *const pieces[] = {"<example>", "<commentary>", "\"a ",
        "do not use ", "not for:\n- ", "(", " - ", "use ", "</example>", "\\n",
        "<example>user:", "\xE2\x80", "* ", "1.", "#", "for x use "};
    (void)state;
    enum { SIZE = 60000 };
    char *text = malloc(SIZE);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t piece = strlen(pieces[i]);
        for (size_t at = 0; at < SIZE; at++)
            text[at] = pieces[i][at % piece];
        for (int source = 0; source < 2; source++) {
            struct passages passages;
            struct passage passage;
            size_t size = 0;
            passages_init(&passages, (struct str){text, SIZE},
                (enum passages_source)source);
            while (passages_next(&passages, &passage)) {
                assert_true(passage.text.size > 0);
                size += passage.text.size;
            }
            assert_true(size <= SIZE);
        }
    }
    free(text);
}

static int mend(const struct mem *mem, void *ud)
{
    struct buf buf;
    (void)ud;
    buf_init(&buf, mem);
    int err = passages_mend(&buf, STR("one\\ntwo"));
    if (err == NDF_OK) assert_str(buf_str(&buf), "one \ntwo");
    buf_deinit(&buf);
    return err;
}

static void mending_survives_failed_allocations(void **state)
{
    (void)state;
    test_each_allocation_fails(mend, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_give_what_users_say),
        cmocka_unit_test(requests_in_quotes_are_utterances),
        cmocka_unit_test(guidance_is_told_from_its_opposite),
        cmocka_unit_test(other_negations_are_plain),
        cmocka_unit_test(lists_belong_to_their_leads),
        cmocka_unit_test(a_body_is_cut_at_headings_and_examples_only),
        cmocka_unit_test(hostile_texts_end),
        cmocka_unit_test(mending_survives_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
