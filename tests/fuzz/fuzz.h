/*
 * fuzz.h - what fuzz targets share. A target is a function of one input; it is
 * driven by libFuzzer (meson -Dfuzz=true) or by replay.c over stored inputs.
 */
#ifndef NDF_TESTS_FUZZ_H
#define NDF_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Also in builds without assertions. */
#define FUZZ_REQUIRE(truth)                                                    \
    do {                                                                       \
        if (!(truth)) {                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #truth);  \
            abort();                                                           \
        }                                                                      \
    } while (0)

#endif
