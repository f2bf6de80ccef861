# Runs the kernel; a line for each: machine, queries x depth, blocks of queries and keys, type.
causal() {
  loom run "$kernels/causal_attention.py" --machine "$1" --shape "q=1x2x$2,k=1x2x$2,v=1x2x$2" --block-sizes "tile_b=1,tile_m=${3%,*},tile_n=${3#*,}" --dtype "$4" --check > run.txt 2>&1
  echo "$1 $2 $3 $4: $(sed -n 's/^check  *\([a-zA-Z]*\).*/\1/p; s/.*error: //p' run.txt)"
}
kernels=$1
causal tpuv3 300x64 128,64 f16
causal tpuv3 300x64 100,70 f16
causal tpuv3 257x33 64,128 f16
causal tpuv3 65x16 16,48 f32
causal tpuv3 40x64 7,1 f16
causal tpuv3 40x64 1,16 bf16
causal gemmini32 70x32 32,16 f16
