#!/bin/sh
# Runs torch.aten.mm through the plugin that compile_mips.sh built, and checks A * I = A for A = 1 .. 16.
#   examples/mips/run_mips.sh [OUTPUT_DIR]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-mips-out}
loom=${LOOM:-loom}
a='1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16'
one='1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1'
"$loom" run "$here/matmul.mlir" --machine host --use-mips-matmul --executable_plugin="$out/mips_plugin.so" --kernel-require my_matmul_kernel \
  --function main --input="4x4xf32=$a" --input="4x4xf32=$one" > "$out/run.txt"
cat "$out/run.txt"
grep -q 'my_matmul_kernel.*mips_plugin, 1 call' "$out/run.txt"
result=$(grep -oE '4x4xf32=.*' "$out/run.txt" | tail -n 1 | tr -d '[]' | sed 's/4x4xf32=//' | tr -s ' ')
want=$(echo "$a" | sed -E 's/( 5| 9| 13) /\1 /g')
[ "$(echo "$result" | tr -d ' ')" = "$(echo "$want" | tr -d ' ')" ] || { echo "A * I is not A: $result" >&2; exit 3; }
echo "ok: A * I = A"
