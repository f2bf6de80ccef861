"""explore_mesh.py X Y: a machine file, a Wormhole with X times Y cores and a DRAM channel for each 64 of them in the first column."""
import sys

x, y = map(int, sys.argv[1:])
channels = max(2, x * y // 64)
attach = [[0, k * y // channels] for k in range(channels)]
print(f"""schema: loom.machine.v1
extends: wormhole
name: mesh{x}x{y}
mesh:
  - {{name: x, size: {x}, wrap: false}}
  - {{name: y, size: {y}, wrap: false}}
dram:
  channels: {channels}
  gb_per_s: {36 * channels}
  attach: {attach}""")
