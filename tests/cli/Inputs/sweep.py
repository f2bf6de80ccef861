"""What tests/cli/sweep*.test compare: sweep.py same A.db B.db | point DB SHAPE MACHINE SUMMARY.json | export DB ROWS.csv ROWS.json | schema SCHEMA FILE.yaml .."""
import csv
import json
import sqlite3
import sys


def rows(path, table, order):
    return sqlite3.connect(path).execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()


def same(a, b):
    assert rows(a, "result", "key") and rows(a, "result", "key") == rows(b, "result", "key")
    assert rows(a, "plan", "kernel, machine, options") == rows(b, "plan", "kernel, machine, options")
    last = [[r[2:] for r in rows(p, "point WHERE run = 1", "ordinal")] for p in (a, b)]
    assert last[0] == last[1]


def point(path, shape, machine, summary):
    s = json.load(open(summary))
    got = sqlite3.connect(path).execute("SELECT predicted_cycles, simulated_cycles, l1_bytes, dram_bytes, proof FROM point JOIN result USING (key) WHERE shape = ? AND machine = ?", (shape, machine)).fetchall()
    assert got == [(s["predicted_cycles"], s["simulated_cycles"], s["l1_bytes"], s["dram_bytes"], s["proof"])], (got, s)


def export(path, rows_csv, rows_json):
    wanted = sqlite3.connect(path).execute("SELECT shape, machine, exit_code, error, simulated_cycles FROM point JOIN result USING (key) WHERE run = 1 ORDER BY ordinal").fetchall()
    columns = ("shape", "machine", "exit_code", "error", "simulated_cycles")
    lines = [json.loads(line) for line in open(rows_json)]
    assert [tuple(r[c] for c in columns) for r in lines] == wanted
    assert all(list(r) == list(lines[0]) for r in lines)
    table = list(csv.DictReader(open(rows_csv, newline="")))
    assert [tuple(r[c] for c in columns) for r in table] == [tuple("" if v is None else str(v) for v in r) for r in wanted]


def schema(of, *files):
    import jsonschema
    import yaml
    for f in files:
        jsonschema.validate(yaml.safe_load(open(f)), json.load(open(of)))


{"same": same, "schema": schema, "point": point, "export": export}[sys.argv[1]](*sys.argv[2:])
