"""The table of what catches which mutant, as Markdown, and its figures."""
import os



class Table:
    def __init__(self, mutants, data, equivalent):
        self.mutants, self.data = mutants, data
        self.proofs = {}
        if os.path.exists(equivalent):
            for line in open(equivalent, encoding="utf-8"):
                if line.strip() and not line.startswith("#"):
                    number, proof = line.rstrip("\n").split("\t", 1)
                    self.proofs[int(number)] = proof
        good = [s for s in data["slices"].values() if not s["fails"]]
        self.programs = sum(s["programs"] for s in good)
        self.reached, self.differed = set(), set()
        for s in good:
            for k, v in s["seen"].items():
                self.reached.add(int(k))
                if v & 2:
                    self.differed.add(int(k))

    def row(self, m):
        return self.data["mutants"].get(str(m.id))

    def is_caught(self, m, programs):
        r = self.row(m)
        return bool(r and r["caught"] and r["programs"] <= programs)

    def counted(self):
        """The bank: what was drawn, without what is proved to be equivalent."""
        return [m for m in self.mutants if m.id not in self.proofs and self.row(m)]

    def fate(self, m):
        r = self.row(m)
        if m.id in self.proofs:
            return "equivalent"
        if not r:
            return "not run"
        if r["caught"]:
            return r["caught"]
        if m.id not in self.reached:
            return "no program comes by"
        if m.pure and m.id not in self.differed:
            return "always the same value"
        return "not caught"

    def figures(self):
        all_of = self.counted()
        come_by = [m for m in all_of if m.id in self.reached]
        return {"bank": len(all_of), "come_by": len(come_by), "programs": self.programs, "equivalent": len(self.proofs),
                **{f"caught_{n}": sum(self.is_caught(m, n) for m in all_of) for n in (100, 500, 2000, 10000)}}

    def summary(self):
        f = self.figures()
        share = lambda n, d: f"{n} ({100 * n / d:.1f} %)" if d else str(n)
        return (f"{f['bank']} mutants, {f['equivalent']} more proved equivalent; {f['programs']} programs, {f['come_by']} mutants come by: caught within 100 programs "
                f"{f['caught_100']}, within 500 {f['caught_500']}, within 2,000 {share(f['caught_2000'], f['bank'])}, within 10,000 {share(f['caught_10000'], f['bank'])}; "
                f"of those that some program comes by {share(f['caught_10000'], f['come_by'])}")

    def write(self, path):
        def cell(text):
            return "`" + text.replace("|", "\\|").replace("`", "'") + "`" if text else "(left out)"

        rooms, how = {}, {}
        for m in self.counted():
            r = rooms.setdefault(m.room, [0, 0, 0])
            r[0] += 1
            r[1] += m.id in self.reached
            r[2] += bool(self.row(m)["caught"])
            how[self.fate(m)] = how.get(self.fate(m), 0) + 1
        with open(path, "w", encoding="utf-8") as f:
            f.write(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "head.md"), encoding="utf-8").read())
            f.write(f"\n## Result\n\n{self.summary()}.\n\n| room | mutants | come by | caught |\n|---|---|---|---|\n")
            for k in sorted(rooms):
                f.write(f"| {k} | {rooms[k][0]} | {rooms[k][1]} | {rooms[k][2]} |\n")
            f.write("\n| what caught it, or why not | mutants |\n|---|---|\n")
            for k in sorted(how, key=lambda k: -how[k]):
                f.write(f"| {k} | {how[k]} |\n")
            f.write("\n## Each mutant\n\n| | file | operator | was | is | fate | programs |\n|---|---|---|---|---|---|---|\n")
            for m in self.mutants:
                r = self.row(m)
                if r or m.id in self.proofs:
                    f.write(f"| {m.id} | {m.file[4:]} | {m.operator} | {cell(m.original)} | {cell(m.mutated)} | {self.fate(m)} | {r['programs'] if r else ''} |\n")
            f.write("\n## Equivalent mutants\n\n" + "".join(f"- {k}: {v}\n" for k, v in sorted(self.proofs.items())))
