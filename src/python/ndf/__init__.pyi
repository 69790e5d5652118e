from patterns import *
from patterns import __version__ as __version__
