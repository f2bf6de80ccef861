"""Stand-in for helion: decorators, and kernels that are bound to shapes.  What is inside a kernel is read by Loom, and not run."""
from loom.stand_in import give_way

if not give_way(__name__):
    from ._kernel import *      # noqa: F403
    from . import language      # noqa: F401
