/*
 * test_mem.c - tests of base/mem.
 */
#include "support/support.h"

int main(void)
{
    return 0;
}
