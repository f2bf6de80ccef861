"""The bank: one-line mutants as rows of a table, found again in sources that have moved since by the text of their line."""
import fnmatch
import os

COLUMNS = ["id", "file", "nth", "anchor", "column", "original", "mutated", "operator", "kind", "pure", "room"]


def escape(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t")


def unescape(text):
    return text.replace("\\t", "\t").replace("\\\\", "\\") if "\\" in text else text


class Mutant:
    """nth: which of the file's lines that read `anchor` (without the blanks around it), from 0; column: of `original` in the anchor."""

    def __init__(self, **row):
        self.id, self.file, self.nth, self.anchor = int(row["id"]), row["file"], int(row["nth"]), row["anchor"]
        self.column, self.original, self.mutated = int(row["column"]), row["original"], row["mutated"]
        self.operator, self.kind, self.pure, self.room = row["operator"], row["kind"], row["pure"] in (True, "1"), row["room"]

    def row(self):
        return [str(self.id), self.file, str(self.nth), self.anchor, str(self.column), self.original, self.mutated, self.operator, self.kind, "1" if self.pure else "0", self.room]

    def find(self, lines):
        """The line's number from 0, or None when the sources no longer have it."""
        seen = -1
        for i, line in enumerate(lines):
            if line.strip() == self.anchor:
                seen += 1
                if seen == self.nth:
                    return i
        return None


def room_of(path):
    return os.path.dirname(path)[len("src/"):] or "compile"


def read(path):
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]
    if rows and rows[0][0] == "id":
        rows = rows[1:]
    return [Mutant(**{c: unescape(v) for c, v in zip(COLUMNS, r)}) for r in rows]


def write(out, mutants, head):
    for line in head:
        out.write(f"# {line}\n")
    out.write("\t".join(COLUMNS) + "\n")
    for m in mutants:
        out.write("\t".join(escape(v) for v in m.row()) + "\n")


def every_file(root):
    return sorted(os.path.relpath(os.path.join(d, f), root) for d, _, names in os.walk(os.path.join(root, "src")) for f in names if f.endswith(".c"))


def scope(root, table):
    """The files that the table's rows leave, in order of their names, and for each that a row takes out its reason."""
    keep, out = {}, {}
    rows = [r.rstrip("\n").split("\t") for r in open(table, encoding="utf-8") if r.strip() and not r.startswith("#")]
    files = every_file(root)
    for f in files:
        for sign, pattern, reason in rows:
            if fnmatch.fnmatchcase(f, pattern) and (os.path.dirname(pattern) in ("", os.path.dirname(f))):
                keep.pop(f, None)
                if sign == "+":
                    keep[f] = reason
                    out.pop(f, None)
                elif sign == "-":
                    out[f] = reason
    return [f for f in files if f in keep], out
