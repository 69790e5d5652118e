/*
 * passages.h - what the parts of a description are: plain words, requests that
 * people would make, when to use it, when not, and talk about the request.
 *
 * Descriptions of agents have up to 6,000 bytes with `<example>` blocks (in
 * them lines `Context:`, `user:`, `assistant:` and `<commentary>`), sentences
 * "Use this agent when" and "Not for", and lists under such headings. Line
 * breaks must be real ones (passages_mend). Reading is linear in the text,
 * allocates nothing and takes any bytes.
 */
#ifndef NDF_DECIDE_PASSAGES_H
#define NDF_DECIDE_PASSAGES_H

#include "base/buf.h"

enum passage_kind {
    PASSAGE_PLAIN,
    PASSAGE_UTTERANCE, /* what a user says in an example, or in quotes */
    PASSAGE_USE,       /* what follows "use when" */
    PASSAGE_NOT_FOR,   /* what follows "not for" */
    PASSAGE_ASIDE,     /* context and answer of an example; what others are
                        * for */
};

struct passage {
    enum passage_kind kind;
    struct str text; /* borrowed; not empty */
};

/* A description is read by sentences. The body of an agent file instructs the
 * agent ("never use globals"), so there only examples and the lists under
 * headings like "When to use" are told from the rest, and the rest comes by
 * lines. */
enum passages_source { PASSAGES_DESCRIPTION, PASSAGES_BODY };

struct passages {
    struct str text;
    enum passages_source source;
    size_t at;
    size_t line_end, clause_end; /* at <= clause_end <= line_end */
    size_t example_end;          /* behind at: inside an example */
    enum passage_kind kind;      /* of the clause, or of the turn */
    enum passage_kind section;   /* of the lines under a heading or a lead */
    bool heading;                /* the line is one */
    bool headed;                 /* section ends at the next heading only */
    bool fenced;                 /* between ``` of a body */
    bool whole;                  /* the line is not cut */
    bool quotes;                 /* the clause names requests in quotes */
};

/* Appends text with the line breaks that are written as backslash and n made
 * real, as agent files often have them. NDF_OK or NDF_ENOMEM. */
int passages_mend(struct buf *out, struct str text);

/* Borrows text. */
void passages_init(
    struct passages *passages, struct str text, enum passages_source source);
/* The next passage, in the order of the text; false at the end. */
bool passages_next(struct passages *passages, struct passage *out);

#endif
