/*
 * test_os.c - tests of base/os.
 */
#include "support/support.h"

int main(void)
{
    return 0;
}
