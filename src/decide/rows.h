/*
 * rows.h - bits of many rows at once: AND of rows of 64-bit words, with the
 * widest instructions that the machine has.
 */
#ifndef NDF_DECIDE_ROWS_H
#define NDF_DECIDE_ROWS_H

enum rows_with { ROWS_BEST, ROWS_SCALAR, ROWS_AVX2, ROWS_AVX512 };

#endif
