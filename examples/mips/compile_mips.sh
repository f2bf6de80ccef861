#!/bin/sh
# Builds the plugin, and shows what each pass makes of torch.aten.mm on its way to a call of my_matmul_kernel.
#   examples/mips/compile_mips.sh [OUTPUT_DIR]       the library and one file for each pass (default: ./mips-out)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-mips-out}
loom=${LOOM:-loom}
mkdir -p "$out"
"${CC:-cc}" -O2 -fPIC -shared -fvisibility=hidden "$here/mips_plugin.c" "$here/my_matmul_kernel.c" -o "$out/mips_plugin.so"

passes='convert-torch-to-mips convert-torch-to-linalg loom-lower-mips canonicalize eliminate-empty-tensors one-shot-bufferize buffer-deallocation-pipeline convert-bufferization-to-memref'
"$loom" opt "$here/matmul.mlir" --allow-unregistered-dialect --mlir-print-ir-after-all -o "$out/bufferized.mlir" --pass-pipeline='builtin.module(
  func.func(convert-torch-to-mips),convert-torch-to-linalg,loom-lower-mips,canonicalize,eliminate-empty-tensors,
  one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},
  buffer-deallocation-pipeline,convert-bufferization-to-memref,canonicalize)' 2> "$out/passes.txt"
n=0
for pass in $passes; do
  n=$((n + 1))
  awk -v pass="$pass" '/IR Dump After /{on = $0 ~ ("After " pass " ")} on && !/IR Dump After /' "$out/passes.txt" > "$out/$(printf %02d $n)_$pass.mlir"
  test -s "$out/$(printf %02d $n)_$pass.mlir"
done
grep -q 'mips.matmul' "$out/01_convert-torch-to-mips.mlir"
grep -q 'call @my_matmul_kernel' "$out/bufferized.mlir"
echo "compiled: $out/mips_plugin.so; the passes: $(find "$out" -maxdepth 1 -name '[0-9]*_*' | wc -l) files in $out"
