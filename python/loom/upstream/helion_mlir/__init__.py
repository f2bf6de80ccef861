"""helion_mlir by name: loom.frontend."""
from loom.stand_in import give_way

if not give_way(__name__):
    from loom.frontend import generate_mlir, generate_plan_stage0_mlir, print_debug_info, print_device_ir, run_dce_cleanup, validate_with_helion_opt, validate_with_mlir_opt      # noqa: F401

    __all__ = ["generate_mlir", "validate_with_mlir_opt"]
