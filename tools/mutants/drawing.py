"""Draws mutants from the sites of files: see draw."""
import concurrent.futures
import hashlib
import os
import random
import subprocess

import bank
import sites


def code_of(root, build, path, text):
    """A digest of the machine code that `text` in place of a file gives; None: it does not compile."""
    flags = [f for f in sites.flags_of(root, build) if f != "-resource-dir" and not f.endswith("clang/22")]
    r = subprocess.run(["gcc", "-x", "c", "-O1", "-w", "-DNDEBUG", "-S", "-o", "-", *flags, f"-I{os.path.dirname(os.path.join(root, path))}", "-"], input=text, capture_output=True)
    return hashlib.sha256(r.stdout).digest() if r.returncode == 0 else None


class Pool:
    """The sites of the files in scope, by folder and operator."""

    def __init__(self, root, build, files):
        self.root, self.build, self.by_room, self.lines, self.text, self.code = root, build, {}, {}, {}, {}
        for f in files:
            source = sites.Source(root, f, sites.flags_of(root, build))
            room = bank.room_of(f)
            self.text[f] = source.text.decode("utf-8")
            self.lines[room] = self.lines.get(room, 0) + self.text[f].count("\n")
            for s in source.sites():
                self.by_room.setdefault(room, {}).setdefault(s.operator, []).append(s)

    def draw(self, rng):
        rooms = sorted(self.by_room)
        room = rng.choices(rooms, [self.lines[r] for r in rooms])[0]
        operator = rng.choice(sorted(self.by_room[room]))
        return room, rng.choice(self.by_room[room][operator])

    def count(self):
        return sum(len(s) for ops in self.by_room.values() for s in ops.values())

    def code_before(self, path):
        return code_of(self.root, self.build, path, self.text[path].encode())

    def differs(self, s):
        lines = self.text[s.path].split("\n")
        raw = lines[s.line].encode()
        lines[s.line] = (raw[:s.start] + s.mutated.encode() + raw[s.end:]).decode()
        code = code_of(self.root, self.build, s.path, "\n".join(lines).encode())
        return code is not None, code != self.code[s.path]

    def mutant(self, number, room, s):
        lines = self.text[s.path].split("\n")
        row = lines[s.line]
        anchor = row.strip()
        return bank.Mutant(id=number, file=s.path, nth=sum(1 for x in lines[:s.line] if x.strip() == anchor), anchor=anchor,
                           column=len(row.encode()[:s.start].decode()) - (len(row) - len(row.lstrip())), original=s.original, mutated=s.mutated, operator=s.operator, kind=s.kind,
                           pure=s.pure, room=room)


def candidates(pool, rng, count):
    lines, out = set(), []
    for _ in range(50 * count):
        if len(out) == count:
            break
        room, s = pool.draw(rng)
        if (s.path, s.line) not in lines:
            lines.add((s.path, s.line))
            out.append((room, s))
    return out


def draw_all(pool, seed, count, jobs=os.cpu_count()):
    """The first `count` of a seed's sequence that the compiler takes and makes other code of."""
    chosen = candidates(pool, random.Random(seed), count + count // 8 + 4)
    for path in sorted({s.path for _, s in chosen}):
        pool.code[path] = None
    with concurrent.futures.ThreadPoolExecutor(jobs) as threads:
        for path, code in zip(pool.code, threads.map(pool.code_before, pool.code)):
            pool.code[path] = code
        verdicts = list(threads.map(lambda x: pool.differs(x[1]), chosen))
    out, refused, same = [], 0, 0
    for (room, s), (compiles, differs) in zip(chosen, verdicts):
        if len(out) == count:
            break
        refused, same = refused + (not compiles), same + (compiles and not differs)
        if compiles and differs:
            out.append(pool.mutant(len(out) + 1, room, s))
    return out, refused, same
