# What bash completes, with the function that `loom completion bash` defines.
cd "$(dirname "$0")/../../.." || exit 1
# shellcheck disable=SC1090   # made
source <(loom completion bash)
try() {
  COMP_WORDS=(loom "$@")
  COMP_CWORD=$#
  _loom
  printf '%s:' "$*"
  printf ' %s' "${COMPREPLY[@]}"
  echo
}
try comp
try run --dram = b
try run --dram =
try machine show torus
try compile kernels/soft
try run --output-path kern
try explore k --mach
