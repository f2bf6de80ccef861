"""Errors of helion by name."""


class Base(Exception):
    pass


class NotInsideKernel(Base):
    pass
