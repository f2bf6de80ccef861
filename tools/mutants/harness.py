"""Programs in an order, and what a run of some of them says.  A slice is a command that takes a few programs; its verdict on them does not depend on others.

Two kinds: the differential generator (build/tools/soak), and until it is built the tests that draw programs (random kernels on this CPU; random plans of named
kernels on the virtual chips and on this CPU; named kernels on NPUs and boards).
"""
import json
import os
import random
import re
import subprocess
import tempfile

FIRST_SLICES = [4, 6, 10, 20, 40]      # most mutants die of one of the first programs
SLICE = 100


class Slice:
    def __init__(self, name, programs, command, env=None):
        self.name, self.programs, self.command, self.env = name, programs, command, env or {}


class Verdict:
    """caught: None or what caught it; at: after how many programs of the slice; facts: what the run counted, the same in every run of the same sources."""

    def __init__(self, caught, at, text, facts):
        self.caught, self.at, self.text, self.facts = caught, at, text, facts


def sizes(programs):
    for n in FIRST_SLICES:
        if programs <= 0:
            return
        yield min(n, programs)
        programs -= n
    while programs > 0:
        yield min(SLICE, programs)
        programs -= SLICE


def soak_slices(build, seed, programs, extra):
    first, out = seed, []
    for n in sizes(programs):
        out.append(Slice(f"soak {first}+{n}", n, [f"{build}/tools/soak", "--seed", str(first), "--count", str(n), "--jobs", "1", "--stop-at", "1", *extra]))
        first += n
    return out


def unit_slices(build, tests):
    return [Slice(f"unit {t}", 1, [f"{build}/unit/{t}"]) for t in tests]


def kernel_names(build):
    """Functions of the plans' cases, by the table that the tests include."""
    root = os.path.dirname(build)
    text = open(f"{root}/src/compile_plans_cases.h", encoding="utf-8").read()
    return sorted(set(re.findall(r'\.function = "(\w+)"', text)))


def test_slices(build, seed, programs):
    """About as many programs of each kind as the tests of a landing have: rounds of other seeds until there are enough."""
    names, out, left, turn = kernel_names(build), [], programs, 0
    while left > 0:
        s = seed + turn
        made = [Slice(f"random kernels {s}.{k}", 12, [f"{build}/unit/compile_fuzz_test"], {"LOOM_FUZZ_SEED": str(s * 1000 + 12 * k), "LOOM_FUZZ_COUNT": "12"}) for k in range(8)]
        for name in names:
            made.append(Slice(f"plans of {name}, {s}", 8, [f"{build}/unit/compile_plans_test"], {"LOOM_PLANS_SEED": str(s), "LOOM_PLANS_KERNEL": name}))
        made.append(Slice(f"NPUs {s}", 15, [f"{build}/unit/compile_npu_cases_test"], {"LOOM_NPU_CASES_SEED": str(s)}))
        made.append(Slice(f"plans on this CPU {s}", 18, [f"{build}/unit/compile_host_plans_test"], {"LOOM_PLANS_SEED": str(s)}))
        made.append(Slice(f"boards {s}", 3, [f"{build}/unit/compile_tt_cases_test"], {"LOOM_TT_CASES_SEED": str(s)}))
        random.Random(s).shuffle(made)
        for x in made:
            if left > 0:
                out.append(x)
                left -= x.programs
        turn += 1
    return out


COUNTED = re.compile(r"(\d+) (?:cases )?(refused|right|plans|kernels)\b")


def facts_of_text(text):
    """How many the tests say were run and refused."""
    return {what: int(n) for n, what in COUNTED.findall(text)}


def facts_of_summary(x, at="", out=None):
    """The whole numbers of soak's summary that say how many were run and refused, by engine and reason."""
    out = {} if out is None else out
    if isinstance(x, dict):
        for k, v in x.items():
            facts_of_summary(v, f"{at}/{k}", out)
    elif isinstance(x, int) and not isinstance(x, bool) and re.search(r"refus|took|taken|ran|runs|plans|kernels", at) and not re.search(r"second|ledger|features|cells", at):
        out[at] = x
    return out


def other_facts(known, now):
    """What is other than without the mutant: a refusal that was none before, or programs that did not run."""
    if now is None:
        return "death"
    for k in sorted(set(known) | set(now)):
        if "refus" in k and now.get(k, 0) > known.get(k, 0):
            return "refusal"
    for k in sorted(set(known) | set(now)):
        if now.get(k, 0) < known.get(k, 0):
            return "fewer runs"
    return None


def run(slice_, env, seconds):
    with tempfile.TemporaryDirectory(prefix="mutant-") as work:
        is_soak = slice_.command[0].endswith("/soak")
        command = list(slice_.command)
        if is_soak:
            command += ["--json", f"{work}/soak.json", "--out", work]
        full = dict(os.environ, **slice_.env, **env, TMPDIR=work, LOOM_NO_CACHE="1")
        p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=full, start_new_session=True, cwd=os.path.dirname(os.path.dirname(os.path.dirname(command[0]))))
        try:
            out, _ = p.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, 9)      # the session this run started
            p.communicate()
            return Verdict("hang", slice_.programs, f"more than {seconds:.0f} s", None)
        text, facts = out.decode("utf-8", "replace"), None
        if is_soak and os.path.exists(f"{work}/soak.json"):
            try:
                facts = facts_of_summary(json.load(open(f"{work}/soak.json")))
            except ValueError:
                pass
        elif p.returncode == 0 and not slice_.name.startswith("unit "):
            facts = facts_of_text(text)
        return judge(slice_, p.returncode, text, facts)


def judge(slice_, code, text, facts):
    if code == 0:
        return Verdict(None, slice_.programs, text, facts)
    at = slice_.programs
    seed = re.search(r"\bseed[ :=]+([0-9]+)", text)
    if "--seed" in slice_.command and seed:
        first = int(slice_.command[slice_.command.index("--seed") + 1])
        at = min(max(int(seed.group(1)) - first + 1, 1), slice_.programs)
    if slice_.name.startswith("unit "):
        return Verdict("death" if code < 0 or code > 127 else "test", 1, text, None)
    if code == 3:
        what = "values"
    elif code == 70 or code < 0 or re.search(r"it died of|signal|AddressSanitizer", text):
        what = "death"
    elif re.search(r"beyond their bound|whole numbers differ|numbers differ|differs?\b", text):
        what = "values"
    elif re.search(r"fault ", text):
        what = "fault of the chip"
    elif re.search(r"cycles with values", text):
        what = "cycles"
    else:
        what = "diagnostic"
    return Verdict(what, at, text, facts)
