"""What the fault and determinism rigs share: scenarios in directories of their own, traced runs, trees of files compared byte by byte.

A scenario is a command line in a directory made from a template.  The undisturbed run says what its files and its standard output are; every disturbed
run is held against that.  Directories lie in /dev/shm where it can be written to: a sweep is thousands of runs, and fsync of a disk would be most of it."""
import concurrent.futures
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROCESSES = int(os.environ.get("LOOM_FAULTS_PROCESSES", "2"))
TIMEOUT_S = 300     # of one run, far beyond any: a run that takes as long hangs


def find_loom():
    """The loom on the path, as lit sets it, else the one of build/."""
    path = os.environ.get("LOOM") or shutil.which("loom") or os.path.join(ROOT, "build", "loom")
    if not os.access(path, os.X_OK):
        sys.exit(f"{path} is not there: build it, or name it in LOOM")
    return os.path.realpath(path)


LOOM = find_loom()


def environment(**more):
    """What every run sees: nothing of the caller's but the path."""
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LOOM_MACHINES": os.path.join(ROOT, "machines"), "LOOM_NO_CACHE": "1", "LOOM_SANDBOX": "off", "NO_COLOR": "1", "LC_ALL": "C"}
    for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "LOOM_TT_EMULATOR"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(more)
    return env


def scratch():
    """A new directory, removed by `done`."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.mkdtemp(prefix="loom-faults-", dir=base)


def done(path):
    for d, dirs, _ in os.walk(path):     # what a run made unwritable
        for name in dirs:
            if not os.path.islink(os.path.join(d, name)):
                os.chmod(os.path.join(d, name), 0o700)
    shutil.rmtree(path, ignore_errors=True)


TIMES = re.compile(rb'"(ms|wall_ms|cpu_ms|peak_rss_bytes)": [0-9.e+-]+')
MEASURED = {"summary.json": TIMES, "page.html": TIMES, "report.html": TIMES, "report.xml": re.compile(rb'time="[^"]*"')}     # how long it took is in these files, and is no result


def snapshot(top):
    """{path below top: bytes; None for a directory}"""
    tree = {}
    for d, dirs, files in os.walk(top):
        for name in dirs:
            tree[os.path.relpath(os.path.join(d, name), top)] = None
        for name in files:
            with open(os.path.join(d, name), "rb") as f:
                b = f.read()
            tree[os.path.relpath(os.path.join(d, name), top)] = MEASURED[name].sub(b"", b) if name in MEASURED else b
    return tree


def record(axis, seed=None, **figures):
    """For the scorecard, when LOOM_RECORD is set: these figures, and the command that this is."""
    if os.environ.get("LOOM_RECORD"):
        command = " ".join([os.path.relpath(os.path.realpath(sys.argv[0]), ROOT)] + sys.argv[1:])
        subprocess.run([os.path.join(ROOT, "tests", "tools", "score"), "record", axis, "--command", command] + (["--seed", str(seed)] if seed is not None else []) +
                       [f"{k}={v}" for k, v in figures.items()], check=True, cwd=ROOT)


class Run:
    """One finished command: code, out, err (bytes); code is negative for a signal."""

    def __init__(self, code, out, err, hung=False):
        self.code, self.out, self.err, self.hung = code, out, err, hung

    def __repr__(self):
        return f"exit {self.code}{' (hung)' if self.hung else ''}: {self.err.decode(errors='replace').strip()[:400]}"


def run(argv, cwd, env=None, stdin=None, **more):
    """Standard output goes to a file beside the directory: writing to it is a file operation as any other."""
    out_path = cwd.rstrip("/") + ".stdout"
    with open(out_path, "wb") as out:
        p = subprocess.Popen(argv, cwd=cwd, env=env if env is not None else environment(), stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE,
                             start_new_session=True, **more)
        try:
            _, err = p.communicate(stdin, timeout=TIMEOUT_S)
            hung = False
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, 9)      # our own session, made above
            _, err = p.communicate()
            hung = True
    with open(out_path, "rb") as f:
        return Run(p.returncode, f.read(), err, hung)


class Scenario:
    """argv begins with "loom".  `prepare` are commands that make the template after `inputs` were copied to it ({name in it: path of ROOT or bytes}).
    `optional`: what begins with one of these may be missing after a run that succeeded (a cache).  `database`: compared by its rows.
    `kept`: is left where the last step fails.
    `steady`: takes from text what lawfully depends on the past (whether a plan was recorded or found)."""

    def __init__(self, name, argv, inputs=None, prepare=(), optional=(), database=None, env=None, steady=None, again=None, stdin=None, kept=()):
        self.name, self.argv, self.inputs, self.prepare = name, argv.split() if isinstance(argv, str) else argv, inputs or {}, prepare
        self.optional, self.database, self.env, self.steady, self.again, self.stdin, self.kept = tuple(optional), database, env or {}, steady, again, stdin, tuple(kept)

    def command(self, argv=None):
        argv = self.argv if argv is None else argv.split() if isinstance(argv, str) else argv
        return [LOOM] + list(argv[1:]) if argv[0] == "loom" else list(argv)

    def environment(self):
        return environment(**self.env)

    def make(self, top):
        """The template; then the undisturbed run, twice: what it leaves, and that this does not change."""
        self.template, self.top = os.path.join(top, self.name, "template"), os.path.join(top, self.name)
        os.makedirs(self.template)
        for name, source in self.inputs.items():
            path = os.path.join(self.template, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if isinstance(source, bytes):
                with open(path, "wb") as f:
                    f.write(source)
            else:
                shutil.copy(os.path.join(ROOT, source), path)
        for step in self.prepare:
            r = run(self.command(step), self.template, self.environment())
            if r.code != 0:
                sys.exit(f"{self.name}: preparing with '{step}': {r}")
        self.before = snapshot(self.template)
        runs = [self.fresh(f"undisturbed{i}") for i in range(2)]
        results = [run(self.command(), d, self.environment(), self.stdin) for d in runs]
        if results[0].code != 0:
            sys.exit(f"{self.name}: undisturbed: {results[0]}")
        self.out, self.err = results[0].out, results[0].err
        self.after = snapshot(runs[0])
        differs = [p for p in set(self.after) | set(snapshot(runs[1])) if p not in self.ignored() and self.after.get(p) != snapshot(runs[1]).get(p)]
        if differs or self.says(results[1].out) != self.says(self.out):
            sys.exit(f"{self.name}: two undisturbed runs differ in {differs or 'standard output'}")
        self.rows = self.read_rows(runs[0])
        self.rows_before = self.read_rows(self.template)

    def ignored(self):
        return () if not self.database else (self.database, self.database + "-wal", self.database + "-shm", self.database + "-journal")

    def says(self, text):
        return self.steady(text) if self.steady else text

    def fresh(self, name):
        d = os.path.join(self.top, name)
        done(d)
        shutil.copytree(self.template, d, symlinks=True)
        return d

    def outputs(self):
        """What the command makes or changes."""
        return [p for p, b in self.after.items() if b is not None and self.before.get(p) != b and p not in self.ignored()]

    def read_rows(self, d):
        path = self.database and os.path.join(d, self.database)
        if not path or not os.path.exists(path) or os.path.getsize(path) == 0:
            return []
        c = sqlite3.connect(path, timeout=20)
        try:
            if c.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return ["damaged"]
            return sorted(c.execute("SELECT * FROM plan")) if c.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'plan'").fetchone()[0] else []
        except sqlite3.DatabaseError as e:
            return [str(e)]
        finally:
            c.close()

    def torn(self, d, over_old):
        """Outputs that are neither absent, nor old, nor whole; and files that nobody named."""
        tree, bad = snapshot(d), []
        for p, b in tree.items():
            if p in self.ignored():
                continue
            known = [self.before.get(p), self.after.get(p)] + ([OLD] if over_old else [])
            if p in self.kept:
                continue
            if p not in self.before and p not in self.after:
                bad.append(f"{p} is left")
            elif b is not None and b not in known and not is_earlier_index(p, b, tree):
                bad.append(f"{p} is torn ({len(b)} bytes of {len(self.after.get(p) or b'')})")
        for p in self.before:
            if p not in tree:
                bad.append(f"{p} is gone")
        rows = self.read_rows(d)
        if rows not in (self.rows, self.rows_before):
            bad.append(f"{self.database}: rows {rows!r:.200}")
        return bad

    def differs(self, d):
        """Where a directory is not what an undisturbed run leaves."""
        tree = snapshot(d)
        bad = [p for p in set(tree) | set(self.after) if p not in self.ignored() and tree.get(p, 0) != self.after.get(p, 0) and not (p.startswith(self.optional) and tree.get(p, 0) == self.before.get(p, 0))]
        return sorted(bad)

    def put_old(self, d):
        """Other contents in the place of every output."""
        for p in self.outputs():
            if not p.startswith(self.optional or ("\0",)):
                os.makedirs(os.path.dirname(os.path.join(d, p)) or d, exist_ok=True)
                with open(os.path.join(d, p), "wb") as f:
                    f.write(OLD)

    def answers_again(self, d):
        """The command once more, undisturbed, where something went wrong before: NULL, or what is wrong."""
        r = run(self.command(self.again), d, self.environment(), self.stdin)
        if r.code != 0 or self.says(r.out) != self.says(self.out):
            return f"afterwards: {r}" if r.code else "afterwards another answer"
        bad = self.differs(d)
        if self.optional and any(p.startswith(self.optional) and p not in snapshot(d) for p in self.after):
            bad.append("nothing in the cache")
        if self.database and self.read_rows(d) != self.rows:
            bad.append(self.database)
        return f"afterwards other files: {bad}" if bad else None


def is_earlier_index(path, contents, tree):
    """The index of dumps is written anew after each: it is whole when it lists what is there."""
    try:
        return os.path.basename(path) == "index.json" and all(os.path.join(os.path.dirname(path), n) in tree for n in json.loads(contents)["stages"])
    except ValueError:
        return False


OLD = b"what was here before\n"

# ---- traces ----

BY_NAME = ("open openat creat rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir access faccessat faccessat2 stat lstat newfstatat statx link linkat symlink symlinkat chmod fchmodat "
           "truncate").split()
BY_FD = "read pread64 readv write pwrite64 writev fsync fdatasync close fstat ftruncate fallocate lseek getdents64 utimensat fcntl fchmod fchown".split()
OPERATIONS = BY_NAME + BY_FD
LINE = re.compile(r"^(\d+) +([a-z0-9_]+)\((.*)$")
FD = re.compile(r"^(?:\d+|AT_FDCWD)<([^>]*)>")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Operation:
    """The n-th call of `name` by its thread, on `path`; injected: that one was made to fail; foreign: of a linker or a compiler, whose files are its own affair."""

    def __init__(self, tid, name, n, path, injected, foreign):
        self.tid, self.name, self.n, self.path, self.injected, self.foreign = tid, name, n, path, injected, foreign


def operations(log):
    """All entries of a trace, in order."""
    counts, found, open_calls, foreign = {}, [], {}, set()
    with open(log, errors="replace") as f:
        for line in f:
            if "resumed>" in line:
                tid = line.split(" ", 1)[0]
                if "INJECTED" in line and tid in open_calls:
                    open_calls[tid].injected = True
                continue
            m = LINE.match(line)
            if not m:
                continue
            tid, name, rest = m.groups()
            if name == "execve":
                program = QUOTED.search(rest)
                foreign.discard(tid)
                if program and os.path.basename(program.group(1)) not in ("loom", "loom-worker"):
                    foreign.add(tid)
                continue
            n = counts[tid, name] = counts.get((tid, name), 0) + 1
            fd, quoted = FD.match(rest), QUOTED.search(rest)
            path = fd.group(1) if fd else ""
            if quoted and (name in BY_NAME or name == "utimensat") and not (fd and quoted.group(1) == ""):
                path = os.path.join(path or "/", quoted.group(1))
            op = Operation(tid, name, n, os.path.normpath(path) if path.startswith("/") else path, "(INJECTED)" in line, tid in foreign)
            found.append(op)
            open_calls[tid] = op
    return found


def traced(argv, cwd, env, log, inject=(), stdin=None):
    """A call that strace lets fail is one that does not exist, to the kernel: a sandbox would kill the process for it."""
    env = dict(env, LOOM_SANDBOX="off")
    strace = ["strace", "-f", "-qq", "-y", "-o", log, "-e", "signal=none", "-e", "trace=execve," + ",".join("?" + n for n in OPERATIONS)]
    for i in inject:
        strace += ["-e", "inject=" + i]
    return run(strace + argv, cwd, env, stdin)


FINAL = re.compile(r"\.\d+\.(\d+|part)\.tmp$")


def final_name(path):
    """What a temporary file is to become."""
    return FINAL.sub("", path)


# ---- many at a time ----

class Pool:
    """Runs `work(item, directory name)` on all items, a few at a time, and counts what is wrong."""

    def __init__(self):
        self.failures, self.lock = [], threading.Lock()
        self.names, self.free = {}, list(range(PROCESSES))

    def wrong(self, text):
        with self.lock:
            self.failures.append(text)
            print("WRONG", text, flush=True)

    def each(self, items, work):
        def one(item):
            with self.lock:
                slot = self.free.pop()
            try:
                work(item, f"slot{slot}")
            finally:
                with self.lock:
                    self.free.append(slot)
        with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
            for future in [pool.submit(one, i) for i in items]:
                future.result()
