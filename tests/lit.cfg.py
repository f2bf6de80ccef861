# lit: every .mlir and .test file with RUN lines.  `loom` is the build's; tools are Debian's with their version suffix.
import os
import shutil
import subprocess
import lit.formats

config.name = "Loom"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mlir", ".test"]
config.excludes = ["data", "tools"]
config.test_source_root = os.path.dirname(__file__)
root = os.path.dirname(config.test_source_root)
build = lit_config.params.get("build", os.path.join(root, "build"))
config.test_exec_root = os.path.join(build, "tests")
llvm = "/usr/lib/llvm-22/bin"
# Debian's tools before others of the same name: the python3 that has NumPy is the one scripts/packages installs.
config.environment["PATH"] = os.pathsep.join([build, os.path.join(build, "tests", "fuzz"), os.path.join(config.test_source_root, "tools"), llvm, "/usr/bin", os.environ["PATH"]])
config.environment["NO_COLOR"] = "1"
config.environment["LOOM_CONFIG"] = ""   # that of whoever runs the tests
config.environment["LOOM_MACHINES"] = os.path.join(root, "machines")
config.environment["XDG_CACHE_HOME"] = os.path.join(config.test_exec_root, "no-cache")   # machine host is the shipped one, measured or not
config.environment["LOOM_NO_CACHE"] = "1"   # tests compile; tests/cli/cache.test says otherwise for itself
for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE", "LOOM_SWEEP_LOG"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.substitutions.append(("%root", root))
config.substitutions.append(("%build", build))
config.substitutions.append(("%kernels", os.path.join(root, "kernels")))
config.substitutions.append(("%data", os.path.join(config.test_source_root, "data")))
# The emulation of tt-metal compiles kernels at run time.
if os.path.exists(os.path.join(build, "tests", "tt_emulator", "libtt_emulator.a")) and (shutil.which("clang++") or shutil.which("g++")):
    config.available_features.add("tt-emulator")
if shutil.which("chromium") and shutil.which("chromedriver"):
    config.available_features.add("chromium")
if subprocess.run([os.path.join(config.test_source_root, "tools", "no-tiles"), "true"], capture_output=True).returncode == 0:
    config.available_features.add("no-tiles")
    if "amx_bf16" in open("/proc/cpuinfo").read():
        config.available_features.add("amx")
if shutil.which("abidiff") and shutil.which("abidw"):
    config.available_features.add("abigail")
if os.path.exists("/usr/bin/mypy"):
    config.available_features.add("mypy")
if os.path.exists("/usr/bin/nvim"):
    config.available_features.add("nvim")
if os.path.exists("/usr/bin/emacs") and os.path.isdir("/usr/share/emacs/site-lisp/elpa-src/eglot-1.9"):
    config.available_features.add("eglot")
if shutil.which("mpirun") and os.path.exists(os.path.join(build, "loom-mpi.so")):
    config.available_features.add("mpi")
    if shutil.which("munged", path="/usr/sbin") and shutil.which("slurmctld", path="/usr/sbin") and shutil.which("slurmd", path="/usr/sbin"):
        config.available_features.add("slurm")
if os.path.exists("/usr/lib/python3/dist-packages/clang/cindex.py"):
    config.available_features.add("libclang")
if os.environ.get("LOOM_DOCS") == "long":
    config.available_features.add("long-docs")
# Tables of kernels that others publish (tests/helion) run where these name a checkout; nothing of theirs is in this tree.
for name, feature in (("LOOM_HELION", "helion"), ("LOOM_HELION_MLIR", "helion-mlir"), ("LOOM_DATAFLOW", "loom-dataflow"), ("LOOM_IREE", "iree"),
                      ("LOOM_TT_METAL", "tt-metal"), ("LOOM_SHARKTANK", "sharktank")):
    if os.environ.get(name):
        config.available_features.add(feature)
        config.substitutions.append(("%" + feature + "-checkout", os.environ[name]))
