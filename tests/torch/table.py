"""The table of operations of docs/torch.md, from the table that the lowering runs on: a row a family, the operations by name.

    python3 table.py DEF"""
import re, sys

families, order = {}, []
for name, family in re.findall(r'^X\("([^"]+)", .*, "([^"]+)"\)$', open(sys.argv[1]).read(), re.M):
    if family not in families:
        order.append(family)
    families.setdefault(family, []).append(name)
print(f"{sum(map(len, families.values()))} operations:\n")
print("| family | operations |\n|---|---|")
for family in order:
    prefix = {"tm_tensor": "tm_tensor.", "StableHLO": "stablehlo."}.get(family, "torch.aten.")
    names = [n[len(prefix):] if n.startswith(prefix) else n for n in families[family]]
    print(f"| {family} ({len(names)}) | {', '.join(f'`{n}`' for n in sorted(names))} |")
