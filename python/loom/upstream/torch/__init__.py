"""Stand-in for torch: element types, and tensors that are shapes.  Enough for what stands around a kernel; nothing is computed."""
from loom.stand_in import give_way

if not give_way(__name__):
    from ._shapes import *      # noqa: F403
    from ._shapes import SHORT_NAMES, __getattr__      # noqa: F401

    globals().update(SHORT_NAMES)
