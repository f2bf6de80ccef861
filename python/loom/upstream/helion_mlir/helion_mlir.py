"""Upstream's module by name."""
from loom.frontend import generate_mlir      # noqa: F401
