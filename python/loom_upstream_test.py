"""What comes from upstream's Loom: kernel scripts without torch and helion, exploration and materialization, and the front end by name.  Run by tests/cli/python-upstream.test."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)
import loom
import torch
import helion_fx_mlir
import helion_mlir
import loom_pipeline
from helion.language import constexpr

OUTER = os.path.join(ROOT, "tests", "data", "upstream", "outer.py")
MESH = os.path.join(ROOT, "tests", "data", "machines", "mesh8_adl.mlir")
MATMUL = os.path.join(ROOT, "kernels", "matmul.py")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


class Scripts(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.dir = self.temporary.name

    def script(self, *words, path=None, cwd=ROOT):
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        if path:
            environment["PYTHONPATH"] = path
        return subprocess.run([sys.executable, "-B", *words], cwd=cwd, env=environment, capture_output=True, text=True)

    def test_the_command_of_the_readme(self):
        """Nothing is in the environment, nothing is installed."""
        done = self.script("kernels/matmul.py", "--config", "kernels/config.json", "--njobs", "16", "--debug", "--output_path", self.dir, "-M256_N128_K64")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        made = {os.path.relpath(os.path.join(d, f), self.dir) for d, _, files in os.walk(self.dir) for f in files}
        self.assertLessEqual({"IRs/p00_from_helion_frontend.mlir", "IRs/p01_explored.mlir", "IRs/p03_bufferized.mlir", "constraints/p01_exploration_etg.json", "constraints/p02_resolved_etg.json",
                              "constraints/smt_solver.log"}, made)
        self.assertIn("@matmul(%arg0: memref<256x64xf16>", read(self.dir, "IRs", "p00_from_helion_frontend.mlir"))
        summary = json.loads(read(self.dir, "summary.json"))
        self.assertEqual((summary["kernel"], summary["machine"]), ("matmul", "wormhole"))

    def test_a_script_says_what_loom_compile_says(self):
        self.script("kernels/matmul.py", "--machine=torus4", "--shape", "M=64,N=96,K=128", "--output-path", f"{self.dir}/a")
        loom.command("compile", MATMUL, "--machine=torus4", "--shape=M=64,N=96,K=128", f"--output-path={self.dir}/b")
        for name in ("IRs/p03_bufferized.mlir", "constraints/p02_resolved_etg.json", "tog.json", "plan.json"):
            self.assertEqual(read(self.dir, "a", name), read(self.dir, "b", name), name)

    def test_the_command_line_goes_before_bind_args(self):
        """And before the file of --config, which goes before bind_args, too."""
        config = os.path.join(self.dir, "config.json")
        with open(config, "w", encoding="utf-8") as f:
            json.dump({"hw_spec": "torus4", "shape": {"M": 64, "N": 32, "K": 32}, "dtype": {"x": "f32", "y": "f32"}}, f)
        for words, type_, rows in ((["--dtype", "f64"], "f64", 2048), (["--dtype=x=bf16,y=bf16"], "bf16", 2048), (["--config", config], "f32", 64), (["--config", config, "-M128_N32_K32"], "f32", 128),
                                   (["--config", config, "--dtype=f16", "--shape", "x=96x32,y=32x32"], "f16", 96)):
            out = os.path.join(self.dir, "o")
            done = self.script(MATMUL, "--machine", "torus4", "-o", out, *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            x = next(t for t in json.loads(read(out, "kernel.json"))["tensors"] if t["name"] == "x")
            self.assertEqual((x["type"], json.loads(read(out, "summary.json"))["shape"]["x.0"]), (type_, rows), words)
        done = self.script(MATMUL, "--arg", "x=3")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--arg x gives a value, but the argument is a tensor", done.stderr)

    def test_exit_codes_are_those_of_loom(self):
        for code, words in ((2, ["--machine", "nowhere"]), (2, ["--no-such-option"]), (2, ["-M64", "--kernel-size", "N64"]), (2, ["-Q7"]), (8, ["--config", "nothing.json"]),
                            (5, ["--machine", "single", "--block-sizes", "tile_m=2048,tile_n=2048,tile_k=256"])):
            done = self.script(MATMUL, *words, cwd=self.dir)
            self.assertEqual(done.returncode, code, (words, done.stderr))
            self.assertIn("error", done.stderr)
            self.assertNotIn("Traceback", done.stderr)

    def test_a_script_of_upstream(self):
        """torch is imported before loom."""
        for path, words in ((HERE, [OUTER]), (None, ["-m", "loom", OUTER])):
            done = self.script(*words, "-M48_N48", "--hw-spec", "torus4", "--output-path", self.dir, path=path or HERE)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("local_mem_kind=1 is not used", done.stderr)
            kernel = json.loads(read(self.dir, "kernel.json"))
            self.assertEqual({s["name"]: s["value"] for s in kernel["symbols"] if s["name"] in ("m", "n")}, {"m": 48, "n": 48})
        self.assertIn("check        ok", loom.command("run", OUTER, "--machine=torus4", "--shape=a.0=48,b.0=48", "--check"))

    def test_the_real_modules_go_first(self):
        for name in ("torch", "helion", "helion_mlir"):
            os.mkdir(os.path.join(self.dir, name))
            with open(os.path.join(self.dir, name, "__init__.py"), "w", encoding="utf-8") as f:
                f.write("is_real = True\n")
        for path in (f"{HERE}:{self.dir}", f"{self.dir}:{HERE}"):
            done = self.script("-c", "import torch, helion, helion_mlir; print(torch.is_real, helion.is_real, helion_mlir.is_real)", path=path)
            self.assertEqual(done.stdout.split(), ["True"] * 3, done.stderr)
        done = self.script("-c", "import loom, sys; from loom import LoomKernel; import torch; print(torch.is_real)", path=f"{HERE}:{self.dir}")
        self.assertEqual(done.stdout.split(), ["True"], done.stderr)
        done = self.script("-c", "import loom, sys; print(sorted({'torch', 'helion'} & set(sys.modules)), any('upstream' in p for p in sys.path))", path=HERE)
        self.assertEqual(done.stdout.strip(), "[] False", done.stderr)      # `import loom` brings none of them


class StandIns(unittest.TestCase):
    def test_tensors_are_shapes(self):
        x = torch.randn(4, 6, dtype=torch.float16)
        for shape, t in (((4, 6), x), ((6, 4), x.T), ((8, 3), x.view(8, -1)), ((4, 1, 6), x.unsqueeze(1)), ((6, 4), x.transpose(0, 1)), ((2,), torch.full([2], 1.0)), ((3,), torch.arange(1, 10, 3)),
                         ((2, 2), torch.tensor([[1, 2], [3, 4]])), ((5,), torch.randint(0, 9, (5,))), ((4, 6), torch.zeros_like(x)), ((4, 6), torch.zeros((4, 6)) * 2.0)):
            self.assertEqual(tuple(t.shape), shape)
        self.assertEqual((x.size(-1), x.stride(), x.numel(), x.T.dtype), (6, (6, 1), 24, torch.float16))
        self.assertEqual([torch.arange(3).dtype, torch.arange(3.0).dtype, torch.tensor(True).dtype, x.float().dtype, x.to("cpu", torch.bfloat16).dtype],
                         [torch.int64, torch.float32, torch.bool, torch.float32, torch.bfloat16])
        with self.assertRaisesRegex(RuntimeError, "invalid for a tensor of 24 elements"):
            x.reshape(5, 5)
        with self.assertRaisesRegex(NotImplementedError, "no torch.matmul: install it"):
            torch.matmul(x, x)

    def test_types_are_promoted_as_in_pytorch(self):
        for a, b, both in (("float16", "bfloat16", "float32"), ("float16", "int64", "float16"), ("int8", "uint8", "int16"), ("int32", "uint8", "int32"), ("bool", "uint8", "uint8"),
                           ("int16", "int64", "int64"), ("float64", "float32", "float64"), ("int8", "bool", "int8")):
            self.assertIs(torch.promote_types(getattr(torch, a), getattr(torch, b)), getattr(torch, both))
            self.assertIs(torch.promote_types(getattr(torch, b), getattr(torch, a)), getattr(torch, both))

    def test_names_inside_kernels_are_not_run(self):
        import helion.language as hl
        with self.assertRaisesRegex(RuntimeError, "helion.language.tile is for the inside of kernels"):
            hl.tile(4)
        self.assertIs(constexpr[int], constexpr)


class FrontEnd(unittest.TestCase):
    def setUp(self):
        sys.path.insert(0, os.path.dirname(OUTER))
        self.addCleanup(sys.path.remove, os.path.dirname(OUTER))
        import outer
        self.bound = outer.Outer.kernel.bind((torch.empty([40], dtype=torch.float32), torch.empty([24], dtype=torch.float32)))

    def test_mlir_of_a_bound_kernel(self):
        text = loom.generate_mlir(self.bound, kernel_name="mine", cleanup=False, assume_divisible_tiles=True)
        self.assertIn("func.func @mine(%arg0: memref<40xf32>", text)
        self.assertIn("func.func @outer(", loom.generate_mlir(self.bound))
        self.assertIn('func.func @"a b"(', loom.generate_mlir(self.bound, "a b"))
        self.assertIn("loom.get_symbol", loom.generate_mlir(self.bound, form="helion"))
        with self.assertRaises(loom.LoomError) as e:
            loom.generate_mlir(self.bound, form="nothing")
        self.assertEqual(e.exception.code, 2)

    def test_checking_text(self):
        text = helion_fx_mlir.generate_mlir(self.bound, kernel_name="mine")
        for check in (helion_fx_mlir.validate_with_helion_opt, helion_mlir.validate_with_mlir_opt, loom.validate_with_helion_opt):
            done = check(text, extra_args=["--canonicalize", "-allow-unregistered-dialect"])
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("@mine", done.stdout)
        done = helion_fx_mlir.validate_with_helion_opt("func.func @f() { return 1 }")
        self.assertEqual(done.returncode, 1)
        self.assertIn("error", done.stderr)
        with self.assertRaises(FileNotFoundError):
            helion_fx_mlir.validate_with_helion_opt(text, opt_path="/nowhere/mlir-opt")

    def test_arguments_that_are_no_tensors(self):
        from loom.bound import describe
        def kernel(x, eps, causal, sizes, mask, epilogue): ...
        source = describe(kernel, (torch.empty([2, 3], dtype=torch.bfloat16), 1e-5, True, (4, 5), None, read))
        self.assertEqual(source.options, ["--shape=x.0=2,x.1=3", "--dtype=x=bfloat16", "--arg=eps=1e-05", "--arg=causal=True", "--arg=sizes=[4, 5]", "--arg=mask=None", "--arg=epilogue=read"])
        with self.assertRaisesRegex(TypeError, "'epilogue' is a lambda"):
            describe(kernel, (None, None, None, None, None, lambda a: a))

    def test_a_bound_kernel_of_helion_itself(self):
        """Its arguments are fake tensors, with sizes that the environment knows."""
        from types import SimpleNamespace as made
        class Size:
            def __init__(self, value): self.value = value
        tensor = lambda n: made(shape=(Size(n),), dtype="torch.float16")
        bound = made(kernel=made(fn=self.bound.kernel.fn), fake_args=[tensor(40), tensor(24)], env=made(size_hint=lambda s: s.value))
        self.assertIn("memref<40xf16>", loom.generate_mlir(bound))


def functions(text):
    return re.findall(r"func\.func @([\w.]+)", text)


class Stages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mlir = loom.command("compile", MATMUL, "--shape=M=256,N=128,K=64", "--emit=stage0")

    def test_exploration_then_materialization(self):
        explored, etg = loom.run_exploration(self.mlir, "wormhole", True, False, True)
        names = functions(explored)
        self.assertEqual(len(set(names)), 16)
        self.assertEqual([v["variant_name"] for v in json.loads(etg)], names)
        sizes = {"tile_m": 32, "tile_n": 32, "tile_k": 32}
        wanted = {names[0]: {**sizes, "is_double_buffer": 0}, names[1]: None, names[5]: [sizes, {**sizes, "tile_k": 64}], "__loom_candidate_order__": [names[5], names[0]]}
        made = functions(loom_pipeline.run_materialization(input_mlir=explored, block_sizes_json=json.dumps(wanted)))
        self.assertEqual([re.sub(r"__is_double_buffer.__", "__", f) for f in made],
                         [f"{names[i]}__tile_k{k}__tile_m32__tile_n32" for i, k in ((5, 32), (5, 64), (0, 32))])
        self.assertIn("__is_double_buffer0__", made[2])
        self.assertEqual({f.split("__is_double")[0] for f in functions(loom.run_materialization(explored, ""))}, set(names))      # the best sizes of each
        with self.assertRaisesRegex(RuntimeError, f"the module has no variant '{names[0]}x'") as e:
            loom.run_materialization(explored, json.dumps({names[0] + "x": sizes}))
        self.assertEqual(e.exception.code, 2)
        with self.assertRaises(RuntimeError) as e:
            loom.run_materialization(explored, json.dumps({names[0]: {"tile_m": 1 << 16, "tile_n": 1 << 16, "tile_k": 1 << 16}}))
        self.assertEqual(e.exception.code, 5)

    def test_what_is_explored(self):
        """104 splits in two orders of the tiles on an 8x8 mesh, where not all cores need work."""
        explored, etg = loom_pipeline.run_exploration(self.mlir, hw_spec_file="wormhole", skip_etg=True)
        self.assertEqual((len(functions(explored)), etg), (208, ""))
        explored, etg = loom.run_exploration(self.mlir, hw_spec_file="wormhole", produce_etg=False, full_occ=True, spatial_reuse=False)
        self.assertEqual({f.split("__f01__")[1] for f in functions(explored)}, {"n_n_n"})
        with self.assertRaisesRegex(TypeError, "run_exploration takes input_mlir, hw_spec_file"):
            loom.run_exploration(self.mlir, "wormhole", nothing=1)
        with self.assertRaisesRegex(RuntimeError, "unknown machine 'nowhere'"):
            loom.run_exploration(self.mlir, "nowhere")

    def make_costs(self, directory):
        """A compute directory as tests/data has one, with what a matmul's loads and stores need."""
        source = os.path.join(ROOT, "tests", "data", "compute_dir")
        for name in os.listdir(source):
            shutil.copy(os.path.join(source, name), directory)
        module, costs = read(source, "noc0.mlir"), read(source, "noc0.perf.yaml")
        load, cost = module[module.index("  func.func"):module.rindex("}")], costs[costs.index("  dram"):]
        store = load.replace("    %eb = loom.sym @effective_bandwidth : index\n", "").replace("dram_to_l1_S", "l1_to_dram").replace("@mem_DRAM", "@x").replace("@mem_array_L1", "@mem_DRAM").replace("@x", "@mem_array_L1")
        with open(os.path.join(directory, "noc0.mlir"), "w", encoding="utf-8") as f:
            f.write("module @proc_noc0 {\n" + load + load.replace("_S_f16", "_S_bcst") + store + "}\n")
        with open(os.path.join(directory, "noc0.perf.yaml"), "w", encoding="utf-8") as f:
            f.write("functions:\n" + cost + cost.replace("_S_f16", "_S_bcst").replace("454", "700") + cost.replace("dram_to_l1_S", "l1_to_dram").replace(", effective_bandwidth", "").replace(" * effective_bandwidth", ""))

    def test_the_older_signature(self):
        """The machine and its costs come along with the explored module, also when their files are gone."""
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        costs = temporary.name
        self.make_costs(costs)
        for given in ((MESH, costs), (MESH, costs, False)):
            explored, etg = loom.run_exploration(self.mlir, *given)
            self.assertEqual(bool(etg), len(given) == 2)
        self.assertEqual(explored, loom.run_exploration(self.mlir, df_mlir=MESH, hw_compute_dir=costs, produce_etg=False)[0])
        name = functions(explored)[0]
        sizes = {"tile_m": 32, "tile_n": 32, "tile_k": 32}
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "explored.mlir")
            with open(path, "w", encoding="utf-8") as f:
                f.write(explored)
            words = ["compile", path, f"--variant={name}", "--block-sizes=tile_m=32,tile_n=32,tile_k=32", "--emit=summary"]
            self.assertEqual(json.loads(loom.command(*words))["predicted_cycles"], json.loads(loom.command(*words, f"--machine={MESH}", f"--hw-compute-dir={costs}"))["predicted_cycles"])
        self.assertEqual(functions(loom.run_materialization(explored, json.dumps({name: sizes})))[0].split("__is_double")[0], name)

    def test_the_whole_pipeline(self):
        with tempfile.TemporaryDirectory() as d:
            script = f"""
import sys; sys.path.insert(0, {HERE!r})
from loom import run_pipeline, setup_logging
setup_logging(True)
run_pipeline(lambda: open({os.path.join(d, 'p00.mlir')!r}).read(), output_path={d!r}, hw_spec="torus4", njobs=2, debug=True, symbol_domains={{"tile_m": [32, 64], "tile_n": [64]}}, topk_candidates=2)
"""
            with open(os.path.join(d, "p00.mlir"), "w", encoding="utf-8") as f:
                f.write(self.mlir)
            done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            made = functions(read(d, "IRs", "p03_bufferized.mlir"))
            self.assertEqual(len(made), 2)
            for f in made:
                self.assertRegex(f, "__tile_m(32|64)__tile_n64")
            done = subprocess.run([sys.executable, "-B", "-c", script.replace('hw_spec="torus4"', 'hw_spec="nowhere"')], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, done.stderr)


if __name__ == "__main__":
    unittest.main()
