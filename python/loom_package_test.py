"""The package loom: oracles are NumPy's own results.  Run by tests/cli/python-package.test."""
import copy
import os
import pickle
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy as np
import loom

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KERNELS = os.path.join(ROOT, "kernels")
DATA = os.path.join(ROOT, "tests", "data", "kernels")

SCALED = """import torch, helion, helion.language as hl

@helion.kernel()
def scaled(x: torch.Tensor, a: float, y: torch.Tensor, acc: torch.Tensor):
    product = torch.empty_like(x)
    difference = torch.empty_like(x)
    for tile in hl.tile(x.size()):
        product[tile] = x[tile] * a + y[tile]
        difference[tile] = x[tile] - y[tile]
        acc[tile] = x[tile] + 1.0
    return difference, acc, product
"""


def softmax(x):
    e = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


class Calls(unittest.TestCase):
    def test_shapes_and_types_are_those_of_the_call(self):
        kernel = loom.compile(os.path.join(KERNELS, "softmax.py"))
        r = np.random.default_rng(1)
        for shape in ((8, 16), (3, 5), (1, 1), (8, 16)):
            for dtype, bound in ((np.float32, 1e-6), (np.float16, 1e-3)):
                x = r.standard_normal(shape).astype(dtype)
                y = kernel(x)
                self.assertEqual((y.shape, y.dtype), (shape, x.dtype))
                self.assertLess(np.abs(y - softmax(x)).max(), bound)
        self.assertEqual(len(kernel._compiled), 6)

    def test_products_are_exact_on_whole_numbers(self):
        kernel = loom.compile(os.path.join(KERNELS, "matmul_helion.py"))
        r = np.random.default_rng(2)
        x, y = r.integers(-5, 6, (37, 41)).astype(np.float32), r.integers(-5, 6, (41, 29)).astype(np.float32)
        self.assertTrue((kernel(x, y) == x @ y).all())
        self.assertTrue((kernel(x[:, ::2], y[::2]) == x[:, ::2] @ y[::2]).all())      # made dense

    def test_functions_of_a_file_with_several(self):
        kernel = loom.compile(os.path.join(DATA, "corpus", "products.py"), function="started")
        r = np.random.default_rng(3)
        x, y, c = (r.integers(-3, 4, s).astype(np.float32) for s in ((7, 5), (5, 9), (7, 9)))
        self.assertEqual(kernel.parameters(), ["x", "y", "c"])
        self.assertTrue((kernel(x, y, c) == x @ y + c).all())

    def test_arguments_are_those_of_python(self):
        with tempfile.TemporaryDirectory() as d:
            with open(f"{d}/k.py", "w") as f:
                f.write(SCALED)
            x, y = np.arange(12, dtype=np.float32).reshape(3, 4), np.ones((3, 4), np.float32)
            for machine in ("host", "torus4"):
                kernel = loom.compile(f"{d}/k.py", machine=machine)
                for call in (lambda acc: kernel(x, 2.5, y, acc), lambda acc: kernel(x, y=y, acc=acc, a=np.float32(2.5)), lambda acc: kernel(acc=acc, a=2.5, x=x, y=y)):
                    acc = np.zeros((3, 8), np.float32)[:, ::2]      # not dense: what is written into it is seen
                    difference, got_acc, product = call(acc)
                    self.assertTrue((product == x * 2.5 + y).all() and (difference == x - y).all() and (acc == x + 1).all())
                    self.assertIs(got_acc, acc)
            kernel = loom.compile(f"{d}/k.py")
            acc = np.zeros((3, 4), ">f4")      # of the other byte order
            self.assertTrue((kernel(x.astype(">f4"), 1, y, acc)[2] == x + y).all() and (acc == x + 1).all())
            bytes_of = bytearray(b"?" + x.tobytes())
            self.assertTrue((kernel(np.frombuffer(bytes_of, np.float32, 12, 1).reshape(3, 4), 1, y, acc)[0] == x - y).all())      # not aligned
            readonly = np.zeros((3, 4), np.float32)
            readonly.flags.writeable = False
            for arguments, named, error, says in (((x, 1.0, y), {}, TypeError, "'acc' is missing"), ((x, 1.0, y, acc), {"x": x}, TypeError, "'x' is given twice"),
                                                  ((x, 1.0, y, acc), {"z": x}, TypeError, "no argument 'z'"), ((x, 1.0, y, readonly), {}, ValueError, "read-only"),
                                                  ((x, 1.0, y, [[0.0] * 4] * 3), {}, TypeError, "list is no array")):
                with self.assertRaisesRegex(error, says):
                    kernel(*arguments, **named)

    def test_what_is_wrong_is_said(self):
        kernel = loom.compile(os.path.join(KERNELS, "softmax.py"))
        with self.assertRaisesRegex(TypeError, r"softmax takes 1 arguments \(x\), and 2 are given"):
            kernel(np.zeros((2, 2), np.float32), np.zeros(2, np.float32))
        with self.assertRaisesRegex(TypeError, "'x' is of type complex64"):
            kernel(np.zeros((2, 2), np.complex64))
        with self.assertRaises(loom.LoomError) as e:
            kernel(np.zeros((2, 2, 2), np.float32))
        self.assertIn(e.exception.code, (1, 7))
        self.assertEqual(e.exception.diagnostics[0]["severity"], "error")
        with self.assertRaisesRegex(ValueError, "has no kernel nothing; it has softmax"):
            loom.compile(os.path.join(KERNELS, "softmax.py"), function="nothing")(np.zeros(1, np.float32))
        for value, says in ((np.float32(3), "'x' is the single value 3.0"), (np.ma.masked_array(np.ones((2, 2), np.float32)), "'x' is a masked array")):
            with self.assertRaisesRegex(TypeError, says):
                kernel(value)
        for what, named, error, says in (("nosuch.py", {}, FileNotFoundError, "nosuch.py"), (KERNELS, {}, FileNotFoundError, "a kernel is a file"), (len, {}, ValueError, "that of 'len' is in no file"),
                                         (kernel.path, {"options": "--seed=1"}, TypeError, "options is a list of words"), (kernel.path, {"options": [3]}, TypeError, "options is a list of words"),
                                         (kernel.path, {"bf16": "x"}, TypeError, "bf16 is a list of words"), (kernel.path, {"bf16": ["q"]}, ValueError, "bf16 names 'q'; softmax takes x")):
            with self.assertRaisesRegex(error, says):
                loom.compile(what, **named)(np.zeros((2, 2), np.uint16))

    def test_copies_are_compiled_where_they_are(self):
        """A kernel that has run holds addresses of this process."""
        kernel = loom.compile(os.path.join(KERNELS, "softmax.py"), options=["--threads=1"])
        x = np.ones((2, 4), np.float32)
        for copied in (pickle.loads(pickle.dumps(kernel)), copy.deepcopy(kernel)):
            self.assertTrue((kernel(x) == 0.25).all() and (copied(x) == 0.25).all())
            self.assertEqual((copied.path, copied.options, copied.machine), (kernel.path, kernel.options, kernel.machine))
        script = "import pickle, sys, numpy as np; print(pickle.load(sys.stdin.buffer)(np.ones((2, 4), np.float32))[1, 3])"
        run = subprocess.run([sys.executable, "-c", script], input=pickle.dumps(kernel), capture_output=True, env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.abspath(__file__))})
        self.assertEqual((run.returncode, run.stdout), (0, b"0.25\n"), run.stderr)

    def test_arguments_without_annotations(self):
        with tempfile.TemporaryDirectory() as d:
            with open(f"{d}/k.py", "w") as f:
                f.write(SCALED.replace(": torch.Tensor", "").replace(": float", ""))
            kernel, x, acc = loom.compile(f"{d}/k.py"), np.arange(5, dtype=np.float32), np.zeros(5, np.float32)
            self.assertTrue((kernel(x, 2.0, x, acc)[2] == x * 3).all() and (acc == x + 1).all())

    def test_a_kernel_that_a_class_holds(self):
        """Its sizes are open in code for others (static_shapes=False), and those of the call here."""
        r = np.random.default_rng(6)
        for function in (None, "Matmul", "matmul", "_matmul"):
            kernel = loom.compile(os.path.join(KERNELS, "matmul.py"), function=function)
            self.assertEqual(kernel.parameters(), ["x", "y"])
        for dtype in (np.float16, np.float64):
            x, y = r.integers(-2, 3, (5, 7)).astype(dtype), r.integers(-2, 3, (7, 3)).astype(dtype)
            got = kernel(x, y)
            self.assertEqual((got.dtype, got.shape, (got == x @ y).all()), (dtype, (5, 3), True))

    def test_bfloat16(self):
        for machine in ("host", "torus4"):
            kernel = loom.compile(os.path.join(KERNELS, "softmax.py"), machine=machine, bf16=["x"])
            got = kernel(np.full((2, 4), 0x3f80, np.uint16))
            self.assertEqual((got.dtype, (got == 0x3e80).all()), (np.uint16, True))      # a quarter
            with self.assertRaisesRegex(TypeError, "'x' is of type float32, and bf16="):
                kernel(np.zeros((2, 4), np.float32))

    def test_nothing_is_said_twice(self):
        """What a call says, an option cannot say otherwise."""
        for word, why in (("--dtype=f64", "types are those of the arrays"), ("--shape=x=4x4", "sizes are those"), ("--machine=single", "machine=.."), ("--hw_spec=single", "machine=.."), ("--function=f", "function=..")):
            with self.assertRaisesRegex(ValueError, f"option {word}: .*{why}"):
                loom.compile(os.path.join(KERNELS, "softmax.py"), options=[word])


class Runs(unittest.TestCase):
    def test_calls_on_a_virtual_chip(self):
        r = np.random.default_rng(7)
        kernel = loom.compile(os.path.join(KERNELS, "matmul.py"), machine="torus4", options=["--timeout=20"])
        x, y = r.integers(-2, 3, (33, 40)).astype(np.float32), r.integers(-2, 3, (40, 20)).astype(np.float32)
        got = kernel(x, y)
        self.assertEqual((got.dtype, (got == x @ y).all(), kernel.summary["machine"], kernel.summary["simulated_cycles"] > 0), (np.float32, True, "torus4", True))
        with self.assertRaisesRegex(loom.LoomError, "unknown machine 'tours4'"):
            loom.compile(os.path.join(KERNELS, "matmul.py"), machine="tours4")(x, y)

    def test_a_virtual_chip(self):
        r = np.random.default_rng(4)
        x = r.standard_normal((40, 24)).astype(np.float32)
        s = loom.run(os.path.join(KERNELS, "softmax.py"), machine="torus4", shape={"x": (40, 24)}, inputs={"x": x}, outputs=True, check=True, options=["--dtype=f32"])
        self.assertTrue(s["check"]["ok"] and s["simulated_cycles"] > 0 and s["machine"] == "torus4")
        self.assertLess(np.abs(next(iter(s["outputs"].values())) - softmax(x)).max(), 1e-6)

    def test_commands(self):
        self.assertIn("wormhole", loom.command("machine", "list"))
        with self.assertRaisesRegex(loom.LoomError, "unknown machine 'nowhere'"):
            loom.run(os.path.join(KERNELS, "softmax.py"), machine="nowhere", shape="x=4x4")
        with self.assertRaisesRegex(ValueError, "zero byte"):
            loom.command("machine\0list")
        with self.assertRaisesRegex(TypeError, "a command is missing"):
            loom.command()
        self.assertRegex(loom.__version__, r"^\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
