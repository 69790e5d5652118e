"""`import ndf` is `import patterns`: one module object under both names."""

import sys

import patterns

sys.modules[__name__] = patterns
