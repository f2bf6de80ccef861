"""The table of operations of docs/torch.md, from the table that the lowering runs on: a row a family, the operations by name.

    python3 table.py DEF                  print it
    python3 table.py DEF --update DOC     put it into the document"""
import re, sys

families, order = {}, []
for name, family in re.findall(r'^X\("([^"]+)", .*, "([^"]+)"\)$', open(sys.argv[1]).read(), re.M):
    if family not in families:
        order.append(family)
    families.setdefault(family, []).append(name)
table = f"{sum(map(len, families.values()))} operations:\n\n| family | operations |\n|---|---|\n"
for family in order:
    prefix = {"tm_tensor": "tm_tensor.", "StableHLO": "stablehlo."}.get(family, "torch.aten.")
    names = [n[len(prefix):] if n.startswith(prefix) else n for n in families[family]]
    table += f"| {family} ({len(names)}) | {', '.join(f'`{n}`' for n in sorted(names))} |\n"
if "--update" in sys.argv:
    doc = open(sys.argv[3]).read()
    fresh = re.sub(r"^\d+ operations:\n\n(?:\|.*\n)+", lambda _: table, doc, flags=re.M)
    open(sys.argv[3], "w").write(fresh)
else:
    print(table, end="")
