"""Weaves and builds, learns which mutants each slice of programs comes by, and runs each mutant on those: what run and score share."""
import concurrent.futures
import json
import os
import subprocess
import sys
import time

import harness
import weaving


def build_woven(a, mutants, targets):
    lost = weaving.weave(a.root, mutants, a.woven)
    build = os.path.join(a.woven, "build")
    env = dict(os.environ, CCACHE_BASEDIR=os.path.dirname(a.woven), CCACHE_NOHASHDIR="1")
    cache = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if any(os.access(os.path.join(d, "ccache"), os.X_OK) for d in env["PATH"].split(":")) else []
    if not os.path.exists(f"{build}/build.ninja"):
        subprocess.run(["cmake", "-S", a.woven, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo", *cache], check=True, stdout=subprocess.DEVNULL, env=env)
    with open(f"{build}/mutants.log", "w") as log:       # warnings of choices between types: nobody reads them
        if subprocess.run(["ninja", "-C", build, f"-j{a.jobs}", *targets], stdout=log, stderr=log, env=env).returncode:
            sys.exit(f"the woven tree does not build: see {build}/mutants.log")
    return build, {m.id for m in lost}


def seen_of(path, mutants):
    data = open(path, "rb").read() if os.path.exists(path) else b""
    return {m.id: (1 if data[2 * m.id] else 0) | (2 if data[2 * m.id + 1] else 0) for m in mutants if 2 * m.id + 1 < len(data) and data[2 * m.id]}


class Store:
    """What is known so far, in a file; another key (bank, sources, seed) begins anew.  Key None: as the file is."""

    def __init__(self, work, key):
        os.makedirs(work, exist_ok=True)
        self.path = os.path.join(work, "results.json")
        self.data = {"key": key, "slices": {}, "mutants": {}}
        if os.path.exists(self.path):
            old = json.load(open(self.path))
            if key is None or old["key"] == key:
                self.data = old

    def keep(self):
        with open(self.path + ".new", "w") as f:
            json.dump(self.data, f, indent=1, sort_keys=True)
        os.replace(self.path + ".new", self.path)


def learn(a, store, slices, mutants, pool):
    """Runs each slice without a mutant: its time, its facts, and which mutants it comes by.  A slice that fails by itself is left out, and told."""
    def one(s):
        path = os.path.join(a.work, "seen-" + s.name.replace(" ", "_").replace(",", "").replace("/", "_"))
        if os.path.exists(path):
            os.unlink(path)
        t = time.monotonic()
        v = harness.run(s, {"LOOM_MUTANT_SEEN": path}, 3600)
        seen = seen_of(path, mutants)
        if os.path.exists(path):
            os.unlink(path)
        return s, v, time.monotonic() - t, seen

    todo = [s for s in slices if s.name not in store.data["slices"]]
    for s, v, seconds, seen in pool.map(one, todo):
        store.data["slices"][s.name] = {"seconds": seconds, "seen": {str(k): x for k, x in seen.items()}, "facts": v.facts, "programs": s.programs, "fails": v.caught}
        store.keep()
        if v.caught:
            print(f"{s.name} fails without any mutant ({v.caught}) and is left out:\n{v.text[-2000:]}", file=sys.stderr)


def may_catch(m, known):
    seen = known["seen"].get(str(m.id), 0)
    return not known["fails"] and bool(seen & (2 if m.pure else 1))


def hunt(a, store, slices, m):
    """Goes on where the mutant's row ends; returns the row."""
    row = dict(store.data["mutants"].get(str(m.id), {"caught": None, "programs": 0, "slices": []}))
    if row["caught"]:
        return m, row
    gone = 0
    for s in slices:
        known = store.data["slices"].get(s.name)
        if known is None:
            break
        gone += s.programs
        if s.name in row["slices"]:
            continue
        row["slices"] = row["slices"] + [s.name]
        row["programs"] = gone
        if not may_catch(m, known):
            continue
        v = harness.run(s, {"LOOM_MUTANT": str(m.id)}, 4 * known["seconds"] + 60, known["facts"])
        caught = v.caught
        if not caught and known["facts"] is not None and v.facts != known["facts"]:
            caught = harness.other_facts(known["facts"], v.facts)
        if caught:
            row.update(caught=caught, by=s.name, programs=gone - s.runs + v.at, says=v.text[-600:])
            if a.show:
                print(f"--- {m.id}: {caught} by {s.name}\n{v.text[-3000:]}")
            break
    return m, row


def hunt_all(a, store, slices, mutants, pool, tell):
    """Every mutant on every slice that may catch it; results are kept as they come."""
    for f in concurrent.futures.as_completed([pool.submit(hunt, a, store, slices, m) for m in mutants]):
        m, row = f.result()
        store.data["mutants"][str(m.id)] = row
        store.keep()
        tell(m, row)
