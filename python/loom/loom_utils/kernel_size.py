"""Sizes of a kernel on the command line of its script: -M256_N256_K256, or --kernel-size M256_N256_K256."""
from __future__ import annotations

import re
from typing import Optional, Sequence

_ALIASES = {"--output_path": "--output-path", "--hw_spec": "--hw-spec"}


def parse_kernel_size(value: str) -> dict[str, int]:
    """"B1_H32" -> {"B": 1, "H": 32}.  ValueError: it is not of that form, or names one twice."""
    sizes: dict[str, int] = {}
    if not value:
        raise ValueError("the kernel size is empty; expected e.g. M256_N256_K256")
    for part in value.split("_"):
        m = re.fullmatch(r"([A-Za-z][A-Za-z0-9]*?)(\d+)", part)
        if not m:
            raise ValueError(f"'{part}' of the kernel size '{value}' is not a name and a number, as in M256_N256_K256")
        if m[1] in sizes:
            raise ValueError(f"the kernel size '{value}' names {m[1]} twice")
        sizes[m[1]] = int(m[2])
    return sizes


def _is_size(word: str) -> bool:
    try:
        return word.startswith("-") and not word.startswith("--") and bool(parse_kernel_size(word[1:]))
    except ValueError:
        return False


def resolve_kernel_shape_args(argv: Sequence[str]) -> tuple[Optional[dict[str, int]], list[str]]:
    """argv -> (the sizes, None where none are given; argv without them).  ValueError: they are given twice, or wrong."""
    rest, found, i = [argv[0]], [], 1
    while i < len(argv):
        word = argv[i]
        if word == "--kernel-size" and i + 1 == len(argv):
            raise ValueError("--kernel-size needs a value, as M256_N256_K256")
        if _is_size(word):
            found.append(word[1:])
        elif word == "--kernel-size":
            found.append(argv[i + 1])
            i += 1
        elif word.startswith("--kernel-size="):
            found.append(word.split("=", 1)[1])
        else:
            rest.append(_ALIASES.get(word, word))
        i += 1
    if len(found) > 1:
        raise ValueError(f"the kernel size is given twice: {found[0]} and {found[1]}")
    return parse_kernel_size(found[0]) if found else None, rest
