#!/usr/bin/python3
"""Makes a file of word vectors from plain text, for the key `vectors`.

    make_vectors.py OUT FILE...

Words that stand near each other in a paragraph (text between empty lines) are
counted; the counts become positive pointwise mutual information, and its
largest singular vectors are the words' vectors, written in GloVe's format, the
commonest word first. Needs numpy and scipy (Debian: python3-scipy); NDF does
not need this script: any file of GloVe or word2vec text does.
"""

import argparse
import collections
import re
import sys

try:
    import numpy
    import scipy.sparse
except ImportError as error:
    sys.exit(
        f"make_vectors.py: {error}: call it with a Python that has numpy and "
        "scipy (Debian: apt install python3-scipy, then /usr/bin/python3)"
    )

WORD = re.compile(r"[^\W\d_]+")
BREAK = -1  # between paragraphs
SMOOTHING = 0.75  # of how common a context is: tames the rare ones
SEED = 1


def paragraphs(paths):
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as file:
            for text in re.split(r"\n\s*\n", file.read()):
                words = WORD.findall(text.lower())
                if len(words) > 1:
                    yield words


def number_words(paths, limit, least):
    """The words that are kept, the commonest first."""
    counts = collections.Counter()
    for words in paragraphs(paths):
        counts.update(words)
    kept = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
    return [word for word, count in kept if count >= least]


def stream_of(paths, words):
    number = {word: n for n, word in enumerate(words)}
    stream = []
    for paragraph in paragraphs(paths):
        stream.extend(number[w] for w in paragraph if w in number)
        stream.append(BREAK)
    return numpy.array(stream, dtype=numpy.int32)


def count_pairs(stream, size, window):
    """How often two words are near each other; the nearer, the more."""
    pairs = scipy.sparse.csr_matrix((size, size), dtype=numpy.float32)
    paragraph = numpy.cumsum(stream == BREAK)
    for distance in range(1, window + 1):
        left, right = stream[:-distance], stream[distance:]
        both = (left != BREAK) & (right != BREAK)
        both &= paragraph[:-distance] == paragraph[distance:]
        near = numpy.full(both.sum(), 1 / distance, dtype=numpy.float32)
        pairs += scipy.sparse.coo_matrix(
            (near, (left[both], right[both])), shape=(size, size)
        ).tocsr()
    return pairs + pairs.T


def information(pairs):
    """Positive pointwise mutual information, in place of counts."""
    total = numpy.asarray(pairs.sum(axis=1)).ravel()
    context = total**SMOOTHING
    pairs = pairs.tocoo()
    share = context[pairs.col] / context.sum()
    pairs.data = numpy.log(pairs.data / (total[pairs.row] * share))
    pairs.data = numpy.maximum(pairs.data, 0).astype(numpy.float32)
    pairs = pairs.tocsr()
    pairs.eliminate_zeros()
    return pairs


def largest(matrix, dims, rounds=4, spare=20):
    """Its largest left singular vectors, by the square root of the values."""
    random = numpy.random.default_rng(SEED)
    block = random.standard_normal((matrix.shape[1], dims + spare), numpy.float32)
    for _ in range(rounds):
        block, _ = numpy.linalg.qr(matrix @ block)
        block, _ = numpy.linalg.qr(matrix.T @ block)
    block, _ = numpy.linalg.qr(matrix @ block)
    left, values, _ = numpy.linalg.svd((matrix.T @ block).T, full_matrices=False)
    return (block @ left)[:, :dims] * numpy.sqrt(values[:dims])


def write(path, words, vectors):
    with open(path, "w", encoding="utf-8") as out:
        for word, vector in zip(words, vectors):
            out.write(f"{word} {' '.join(f'{x:.4f}' for x in vector)}\n")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", help="the file to write")
    parser.add_argument("texts", nargs="+", help="plain text in UTF-8")
    parser.add_argument("--dims", type=int, default=100)
    parser.add_argument("--words", type=int, default=50000, help="at most")
    parser.add_argument("--least", type=int, default=5, help="times seen")
    parser.add_argument("--window", type=int, default=6, help="words to a side")
    args = parser.parse_args()
    words = number_words(args.texts, args.words, args.least)
    if len(words) < 2:
        parser.error("the texts have too few words: give more text")
    stream = stream_of(args.texts, words)
    pairs = count_pairs(stream, len(words), args.window)
    vectors = largest(information(pairs), min(args.dims, len(words) - 1))
    write(args.out, words, vectors)
    print(f"{args.out}: {len(words)} words, {vectors.shape[1]} numbers each")


if __name__ == "__main__":
    main()
