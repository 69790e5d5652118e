/*
 * test_loop.c - tests of base/loop.
 */
#include "support/support.h"

int main(void)
{
    return 0;
}
