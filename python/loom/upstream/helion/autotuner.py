"""Ranges of tunables: what hl.register_tunable takes."""
from __future__ import annotations

from typing import Any


class _Fragment:
    def __init__(self, *values: Any):
        self.values = values


class PowerOfTwoFragment(_Fragment):
    pass


class IntegerFragment(_Fragment):
    pass


class EnumFragment(_Fragment):
    pass


class BooleanFragment(_Fragment):
    pass
