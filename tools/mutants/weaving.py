"""Mutants into a copy of the sources: see weave."""
import hashlib
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = '#include "base/mutant.h"\n#line 1\n'


def woven(m):
    here = f"loom_mutant_is({m.id})"
    if m.kind == "drop":
        return f"do {{ if (!{here}) {{ {m.original}; }} }} while (0)"
    differs = f"loom_mutant_differs({m.id}, ({m.original}) != ({m.mutated})), " if m.pure else ""
    return f"({differs}{here} ? ({m.mutated}) : ({m.original}))"


def weave_file(text, mutants):
    """The text with all mutants, and those that were not found."""
    lines, lost, found = text.split("\n"), [], []
    for m in mutants:
        i = m.find(lines)
        (lost.append(m) if i is None else found.append((i, m)))
    for i, m in found:
        at = len(lines[i]) - len(lines[i].lstrip()) + m.column
        if lines[i][at:at + len(m.original)] != m.original:
            lost.append(m)
            continue
        lines[i] = lines[i][:at] + woven(m) + lines[i][at + len(m.original):]
    return HEAD + "\n".join(lines), lost


def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.islink(path) or not os.path.exists(path) or open(path, "rb").read() != data:
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "wb") as f:
            f.write(data)


def weave(root, mutants, out):
    by_file = {}
    for m in mutants:
        by_file.setdefault(m.file, []).append(m)
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True).stdout.decode().split("\0")
    lost = [m for f in by_file if f not in listed for m in by_file[f]]
    for f in listed:
        source, to = os.path.join(root, f), os.path.join(out, f)
        if not f or not os.path.exists(source):
            continue
        if f in by_file:
            text, gone = weave_file(open(source, encoding="utf-8").read(), by_file[f])
            lost += gone
            put(to, text.encode())
        elif os.path.islink(source):
            os.makedirs(os.path.dirname(to), exist_ok=True)
            if not os.path.lexists(to):
                os.symlink(os.readlink(source), to)
        else:
            put(to, open(source, "rb").read())
            os.chmod(to, os.stat(source).st_mode & 0o777)
    for name in ("mutant.h", "mutant.c"):
        put(os.path.join(out, "src/base", name), open(os.path.join(HERE, name), "rb").read())
    drop_gone(listed + ["src/base/mutant.h", "src/base/mutant.c"], out)
    return lost


def drop_gone(listed, out):
    """Sources of an earlier weave that are no more: the build takes what it finds."""
    listed = set(listed)
    for d, _, names in (x for top in ("src", "tools", "tests") for x in os.walk(os.path.join(out, top))):
        for path in (os.path.join(d, name) for name in names):
            if os.path.relpath(path, out) not in listed:
                os.unlink(path)


def digest(out):
    """Of the woven sources: what was learned with others says nothing of these."""
    h = hashlib.sha256()
    for d, dirs, names in sorted((d, dirs, names) for top in ("src", "tools", "machines") for d, dirs, names in os.walk(os.path.join(out, top))):
        for name in sorted(names):
            if name.endswith((".c", ".h", ".yaml", ".def", ".mlir", ".in")):
                h.update(os.path.relpath(os.path.join(d, name), out).encode() + b"\0" + open(os.path.join(d, name), "rb").read())
    return h.hexdigest()
