"""Upstream's module by name."""
from loom.frontend import print_debug_info, print_device_ir, run_dce_cleanup, validate_with_mlir_opt      # noqa: F401
