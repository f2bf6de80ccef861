"""loom_pipeline by name: loom.pipeline."""
from loom.stand_in import give_way

if not give_way(__name__):
    from loom.pipeline import run_exploration, run_materialization      # noqa: F401

    __all__ = ["run_exploration", "run_materialization"]
