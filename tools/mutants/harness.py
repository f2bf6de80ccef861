"""Programs in an order, and what a run of some of them says.  A slice is a command that takes a few programs; its verdict on them does not depend on others.

Two kinds: the differential generator (build/tools/soak), and the tests that draw programs (random plans of named kernels on the
virtual chips and on this CPU; named kernels on NPUs and boards).
"""
import json
import os
import random
import re
import subprocess
import tempfile

FIRST_SLICES = [4, 6, 10, 20, 40]      # most mutants die of one of the first programs
SLICE = 40


class Slice:
    """programs: those it adds.  `again`: it runs the same as the slice before it, through other engines, and adds none."""

    def __init__(self, name, programs, command, env=None, again=0):
        self.name, self.programs, self.command, self.env, self.runs = name, programs, command, env or {}, again or programs


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


# A program goes to all engines; those of a leg run together, so that a mutant needs only the legs that come by it.
LEGS = ["exact,host-O0,host,host-O2", "chip", "planned,aot", "npu", "tt"]


def soak_slices(build, seed, programs, extra):
    first, out = seed, []
    legs = [None] if "--engines" in extra else LEGS
    for n in sizes(programs):
        for i, leg in enumerate(legs):
            of = ["--engines", leg] if leg else []
            out.append(Slice(f"soak {first}+{n}" + (f" {leg.split(',')[-1]}" if leg else ""), 0 if i else n, [f"{build}/tools/soak", "--seed", str(first), "--count", str(n), "--jobs", "1", *of, *extra],
                             again=n if i else 0))
        first += n
    return out


def unit_slices(build, tests):
    return [Slice(f"unit {t}", 1, [f"{build}/unit/{t}"]) for t in tests]


def kernel_names(build):
    """Functions of the plans' cases, by the table that the tests include."""
    root = os.path.dirname(build)
    text = open(f"{root}/src/compile_plans_cases.h", encoding="utf-8").read()
    return sorted(set(re.findall(r'\.function = "(\w+)"', text)))


def named_slices(build, seed):
    """Programs in PyTorchSim's contract and of stage 0 that no kernel becomes; kernels of the tests by name, at shapes drawn: on NPUs, on this CPU under plans, on boards."""
    return [Slice(f"moves {seed}", 60, [f"{build}/unit/compile_npu_moves_test"], {"LOOM_NPU_MOVES_SEED": str(seed), "LOOM_NPU_MOVES": "60"}),
            Slice(f"stage 0 {seed}", 20, [f"{build}/unit/compile_stage0_cases_test"], {"LOOM_STAGE0_SEED": str(seed), "LOOM_STAGE0": "20"}),
            Slice(f"NPUs {seed}", 15, [f"{build}/unit/compile_npu_cases_test"], {"LOOM_NPU_CASES_SEED": str(seed)}),
            Slice(f"plans on this CPU {seed}", 18, [f"{build}/unit/compile_host_plans_test"], {"LOOM_PLANS_SEED": str(seed)}),
            Slice(f"boards {seed}", 3, [f"{build}/unit/compile_tt_cases_test"], {"LOOM_TT_CASES_SEED": str(seed)})]      # last: its programs are compiled as C++


def chip_slices(build, seed):
    return [Slice(f"plans of {name}, {seed}", 8, [f"{build}/unit/compile_plans_test"], {"LOOM_PLANS_SEED": str(seed), "LOOM_PLANS_KERNEL": name}) for name in kernel_names(build)]


def up_to(programs, slices):
    out = []
    for s in slices:
        if programs <= 0 and s.programs:
            break
        out.append(s)
        programs -= s.programs
    return out


def test_slices(build, seed, programs):
    """Rounds of other seeds, each with all kinds in a drawn order, until there are enough."""
    out, turn = [], 0
    while sum(s.programs for s in out) < programs:
        s = seed + turn
        made = chip_slices(build, s) + named_slices(build, s)
        random.Random(s).shuffle(made)
        out += made
        turn += 1
    return up_to(programs, out)


def all_slices(build, seed, programs, extra):
    """The generator's programs, and between them kernels of the tests: after the first 80 one of each kernel on the virtual chips, then some on NPUs, this CPU and
    boards, and these again for every 400."""
    out, since, turn = [], 320, 0
    made = soak_slices(build, seed, programs, extra)
    for i, s in enumerate(made):
        out.append(s)
        since += s.programs
        if since >= 400 and (i + 1 == len(made) or made[i + 1].programs):      # all legs
            named = (chip_slices(build, seed) if turn == 0 else []) + named_slices(build, seed + turn)
            out, since, turn = out + named, since - 400, turn + 1
    return up_to(programs, out)


COUNTED = re.compile(r"(\d+) (?:cases )?(refused|right|plans|kernels)\b")


def facts_of_text(text):
    """How many the tests say were run and refused."""
    return {what: int(n) for n, what in COUNTED.findall(text)}


def facts_of_summary(x):
    """What soak's summary says was run and refused, by engine and reason, and which seeds disagree or were lost."""
    out = {f"{kind} {e['engine']}": e[kind] for e in x["engines"] for kind in ("kernels", "compared", "refused")}
    out.update({f"refused by {r['engine']}: {r['reason']}": r["kernels"] for r in x["refusals"]})
    return dict(out, seeds=sorted(s["seed"] if isinstance(s, dict) else s for s in x["seeds"]), lost=x["lost"])


def other_facts(known, now):
    """What is other than without the mutant: a refusal that was none before, or programs that did not run."""
    if now is None:
        return "death"
    known, now = dict(known, seeds=0), dict(now, seeds=0)
    for k in sorted(set(known) | set(now)):
        if "refus" in k and now.get(k, 0) > known.get(k, 0):
            return "refusal"
    for k in sorted(set(known) | set(now)):
        if now.get(k, 0) < known.get(k, 0):
            return "fewer runs"
    return None


def run(slice_, env, seconds, known=None):
    """known: facts of the run without a mutant; what disagrees there too is no catch."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as work:
        is_soak = slice_.command[0].endswith("/soak")
        command = list(slice_.command)
        if is_soak:
            command += ["--json", f"{work}/soak.json", "--out", work]
            if known:
                command += ["--stop-at", str(len(known["seeds"]) + 1)]
        full = dict(os.environ, **slice_.env, **env, TMPDIR=work, LOOM_NO_CACHE="1")
        p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=full, start_new_session=True, cwd=os.path.dirname(os.path.dirname(os.path.dirname(command[0]))))
        try:
            out, _ = p.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, 9)      # the session this run started
            p.communicate()
            return Verdict("hang", slice_.runs, f"more than {seconds:.0f} s", None)
        text = out.decode("utf-8", "replace")
        if is_soak:
            return judge_soak(slice_, p.returncode, text, f"{work}/soak.json", known)
        facts = None if p.returncode or slice_.name.startswith("unit ") else facts_of_text(text)
        return judge(slice_, p.returncode, text, facts)


def judge_soak(slice_, code, text, path, known):
    try:
        facts = facts_of_summary(json.load(open(path)))
    except (OSError, ValueError):
        return Verdict("death", slice_.runs, text, None)      # of the parent: no summary
    if known is None:      # the run without a mutant: what disagrees is Loom's own, and known from now on
        return Verdict(None, slice_.runs, text, facts)
    new = [s for s in facts["seeds"] if s not in known["seeds"]]
    if not new:
        return Verdict(None, slice_.runs, text, facts)
    first = int(slice_.command[slice_.command.index("--seed") + 1])
    return Verdict(how_soak_says(text, new[0]), new[0] - first + 1, text, facts)


def how_soak_says(text, seed):
    """Which engine disagrees, and how, by soak's words."""
    m = re.search(rf"^seed {seed}, ([\w-]+): (.*)", text, re.M) or re.search(rf"^seed {seed}(): (.*)", text, re.M)
    if not m:
        return "values"
    words = {"status": "diagnostic", "fault": "fault", "it died": "death", "it ended": "death", "it took": "hang"}
    return f"{next((w for k, w in words.items() if m.group(2).startswith(k)), 'values')} {m.group(1)}".rstrip()


def judge(slice_, code, text, facts):
    if code == 0:
        return Verdict(None, slice_.runs, text, facts)
    at = slice_.runs
    seed = re.search(r"\bseed[ :=]+([0-9]+)", text)
    if "--seed" in slice_.command and seed:
        first = int(slice_.command[slice_.command.index("--seed") + 1])
        at = min(max(int(seed.group(1)) - first + 1, 1), slice_.runs)
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
