"""The table of what catches which mutant, as Markdown, and its figures."""
import os

LIMITS = (10, 100, 640, 1000, 2000, 5000, 10000)

def proofs_of(path):
    """Numbers of equivalent mutants, with the proof of each."""
    if not os.path.exists(path):
        return {}
    rows = [line.rstrip("\n").split("\t", 1) for line in open(path, encoding="utf-8") if line.strip() and not line.startswith("#")]
    return {int(number): proof for number, proof in rows}


def seen_by(data):
    """For each mutant that some program comes by: 1, or 3 where it would have had another value."""
    out = {}
    for s in data["slices"].values():
        if not s["fails"]:
            for k, v in s["seen"].items():
                out[int(k)] = out.get(int(k), 0) | v
    return out


def come_by(mutants, data, equivalent, first):
    seen, proofs = seen_by(data), proofs_of(equivalent)
    return [m for m in mutants if m.id in seen and m.id not in proofs][:first]


class Table:
    def __init__(self, mutants, data, equivalent, first):
        self.mutants, self.data, self.proofs, self.seen = mutants, data, proofs_of(equivalent), seen_by(data)
        self.bank = come_by(mutants, data, equivalent, first)
        self.programs = sum(s["programs"] for s in data["slices"].values() if not s["fails"])
        last = self.bank[-1].id if self.bank else 0
        self.never = [m for m in mutants if m.id <= last and m.id not in self.seen and m.id not in self.proofs]

    def row(self, m):
        return self.data["mutants"].get(str(m.id))

    def is_caught(self, m, programs):
        r = self.row(m)
        return bool(r and r["caught"] and r["programs"] <= programs)

    def fate(self, m):
        r = self.row(m)
        if m.id in self.proofs:
            return "equivalent"
        if r and r["caught"]:
            return r["caught"]
        if m.id not in self.seen:
            return "no program comes by"
        if not r:
            return "not run"
        if m.pure and not self.seen[m.id] & 2:
            return "always the same value"
        return "not caught"

    def figures(self):
        """Counts; a number of programs that was not run has none."""
        ran = [m for m in self.bank if self.row(m)]
        return {"bank": len(self.bank), "run": len(ran), "never": len(self.never), "programs": self.programs, "equivalent": len([k for k in self.proofs if self.bank and k <= self.bank[-1].id]),
                **{f"caught_{n}": sum(self.is_caught(m, n) for m in self.bank) for n in self.limits()}}

    def limits(self):
        """Up to all programs that were run."""
        return sorted({n for n in LIMITS if n <= self.programs} | {self.programs})

    def summary(self):
        f = self.figures()
        caught = ", ".join(f"{f[f'caught_{n}']} ({100 * f[f'caught_{n}'] / max(1, f['bank']):.1f} %) within {n:,}" for n in self.limits())
        return (f"{f['bank']} mutants ({f['run']} run), {f['equivalent']} more proved equivalent, {f['never']} more that none of {f['programs']:,} programs comes by. "
                f"Caught after this many programs: {caught or 'not run'}")

    def write(self, path):
        def cell(text):
            return "`" + text.replace("|", "\\|").replace("`", "'") + "`" if text else "(left out)"

        rooms, how = {}, {}
        for m in self.never:
            rooms.setdefault(m.room, [0, 0, 0])[2] += 1
        for m in self.bank:
            r = rooms.setdefault(m.room, [0, 0, 0])
            r[0] += 1
            r[1] += bool(self.row(m) and self.row(m)["caught"])
            how[self.fate(m)] = how.get(self.fate(m), 0) + 1
        with open(path, "w", encoding="utf-8") as f:
            f.write(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "head.md"), encoding="utf-8").read())
            f.write(f"\n## Result\n\n{self.summary()}.\n\n| room | mutants | caught | more that no program comes by |\n|---|---|---|---|\n")
            for k in sorted(rooms):
                f.write(f"| {k} | {rooms[k][0]} | {rooms[k][1]} | {rooms[k][2]} |\n")
            f.write("\n| what caught it, or why not | mutants |\n|---|---|\n")
            for k in sorted(how, key=lambda k: -how[k]):
                f.write(f"| {k} | {how[k]} |\n")
            f.write("\n## Each mutant\n\n| | file | operator | was | is | fate | programs |\n|---|---|---|---|---|---|---|\n")
            for m in self.mutants[:self.bank[-1].id if self.bank else 0]:
                r = self.row(m) if m.id in self.seen else None
                f.write(f"| {m.id} | {m.file[4:]} | {m.operator} | {cell(m.original)} | {cell(m.mutated)} | {self.fate(m)} | {r['programs'] if r else ''} |\n")
            f.write("\n## Equivalent mutants\n\n" + "".join(f"- {k}: {v}\n" for k, v in sorted(self.proofs.items())))
