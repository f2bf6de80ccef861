/* Every key of a machine file, in words: what editors show.  Plain numbers have their unit from MACHINE_FIELD_LIST, the parts theirs from MACHINE_BANK_LIST and the others. */
#include "base/text.h"
#include "machine/machine_private.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const machine_key keys[] = {
    {"schema", "", "`loom.machine.v1`"},
    {"name", "", "goes into plans and summaries"},
    {"summary", "", "one line for `loom machine list`"},
    {"extends", "", "another machine, by name or file; keys given here replace its keys"},
    {"clock_hz", "Hz", "clock of the cores; cycles are cycles of it"},
    {"calibration", "", "the perf set in use when --calibration does not name another"},
    {"mesh", "", "the dims of the mesh of cores in mapping order, 1 to 3"},
    {"mesh.name", "", "of the dim, for example x"},
    {"mesh.size", "cores", "along the dim"},
    {"mesh.wrap", "", "true: the last core has a link to the first (torus)"},
    {"core", "", "what every core has: memory, units, movers"},
    {"core.memory", "", "the memory of one core (L1)"},
    {"core.memory.name", "", "what `links` and messages call it"},
    {"core.memory.bytes", "bytes", "size of the memory; or `banks` of `bank_bytes`"},
    {"core.memory.banks", "", "how many banks it has; of an NPU, its lanes"},
    {"core.memory.bank_bytes", "bytes", "size of one bank"},
    {"core.memory.align_bytes", "bytes", "buffers begin at multiples of this"},
    {"core.memory.bytes_per_cycle", "bytes/cycle", "of its port"},
    {"core.units", "", "what computes; functions of one unit exclude each other"},
    {"core.units.name", "", "what perf functions call it"},
    {"core.units.kind", "", "matrix or vector"},
    {"core.units.shape", "elements", "of what it does at a time"},
    {"core.units.count", "", "how many of them a core has"},
    {"core.units.rate", "a cycle", "multiply-adds (matrix) or elements (vector) of all of them together"},
    {"core.movers", "", "engines that move data, in use order: in, out"},
    {"core.transfer_setup_cycles", "cycles", "one request to a mover"},
    {"core.fill_bytes_per_cycle", "bytes/cycle", "fills that no perf function prices"},
    {"core.copy_bytes_per_cycle", "bytes/cycle", "copies within L1 that no perf function prices"},
    {"core.tile_align", "elements", "block sizes of the two innermost dims are multiples of this"},
    {"core.ragged", "", "clamp (default): an edge tile costs its own size, in hardware tiles; pad: that of a whole tile"},
    {"core.concurrent_units", "", "true: operations on different units overlap when neither needs the other's result; default false"},
    {"core.concurrent_movers", "", "false: the core moves data itself and computes nothing meanwhile; default true"},
    {"dram", "", "the memory that all cores share"},
    {"dram.channels", "", "how many there are; pages go round them"},
    {"dram.channel_bytes", "bytes", "size of one channel"},
    {"dram.gb_per_s", "GB/s", "of all channels together (10^9 bytes)"},
    {"dram.channel_gb_per_s", "GB/s", "of one channel"},
    {"dram.bytes_per_cycle", "bytes/cycle", "of all channels together"},
    {"dram.latency_cycles", "cycles", "from a request to its first byte"},
    {"dram.page_bytes", "bytes", "consecutive bytes of one channel"},
    {"dram.align_bytes", "bytes", "transfers read between DRAM and L1 addresses that are equal modulo this"},
    {"dram.write_align_bytes", "bytes", "the same of writes; not told: as reads"},
    {"dram.run_cycles", "cycles", "of a transfer, for every run of consecutive bytes beyond its first"},
    {"dram.attach", "", "the core next to each channel, by coordinates: [[0, 0], ..]"},
    {"dram.interleave", "", "page (default): page after page over the channels; ipoly: requests by a hash of their address"},
    {"links", "", "from core to neighbour, one a direction"},
    {"links.bytes_per_cycle", "bytes/cycle", "of one link"},
    {"links.hop_cycles", "cycles", "from core to neighbour"},
    {"links.packet_bytes", "bytes", "the largest piece that holds a link at a time; not told: whole messages"},
    {"links.multicast", "", "false: what cores share goes from neighbour to neighbour; default true"},
    {"links.sharing", "", "false: every core loads what it needs itself; default true"},
    {"host", "", "the machine is a CPU that runs programs itself; its numbers are limits of `loom bench`"},
    {"host.cpu", "", "which one"},
    {"host.*", "", "a number that `loom bench` takes a limit from"},
    {"target", "", "what programs can be written for"},
    {"target.kind", "", "tt: a Tenstorrent board; npu: lanes and systolic arrays over a scratchpad"},
    {"target.arch", "", "of a board: wormhole or blackhole"},
    {"perf", "", "sets of costs by name; `calibration` says which is in use"},
    {"perf.*", "", "a perf set"},
    {"perf.*.source", "", "where its numbers are from"},
    {"perf.*.functions", "", "what the units and movers do, and what it costs"},
    {"perf.*.functions.*", "", "cycles = ceil(fixed) + ceil(volume / throughput) of the first scenario that holds"},
    {"perf.*.functions.*.unit", "", "the unit or mover that it occupies"},
    {"perf.*.functions.*.symbols", "", "names of its sizes, which the expressions use"},
    {"perf.*.functions.*.when", "", "sizes that it takes at all"},
    {"perf.*.functions.*.fixed", "cycles", "that do not depend on the volume; / rounds up"},
    {"perf.*.functions.*.volume", "", "how much it does: elements, bytes or multiply-adds; / rounds up"},
    {"perf.*.functions.*.throughput", "a cycle", "how much of the volume; / rounds down"},
    {"perf.*.functions.*.assumed", "", "true: nobody has published it"},
    {"perf.*.functions.*.scenarios", "", "costs by size, instead of one `fixed`, `volume`, `throughput`"},
    {"perf.*.functions.*.scenarios.when", "", "sizes that this cost holds for"},
    {"perf.*.functions.*.scenarios.fixed", "cycles", "that do not depend on the volume"},
    {"perf.*.functions.*.scenarios.volume", "", "how much it does"},
    {"perf.*.functions.*.scenarios.throughput", "a cycle", "how much of the volume"},
    {"perf.*.aliases", "", "other names of functions: name: function"},
    {"perf.*.aliases.*", "", "the function that this is another name of"},
    {"dram.bank", "", "a channel as banks with rows (HBM, GDDR, DDR); times in DRAM clocks"},
    {"crossbar", "", "a way from every port of every core to every DRAM channel and back"},
    {"noc", "", "packets over `links` to the core that a DRAM channel is attached to, instead of a crossbar"},
    {"core.dispatch", "", "how work is handed to cores that run tile graphs"},
    {"core.pipeline", "", "how a core gives instructions to its units, and how long they take"},
    {"npu", "", "programs with named buffers in a scratchpad dealt to lanes; core.memory.banks are the lanes"},
    {"*.value", "", "the number itself"},
    {"*.source", "", "where the number is from"},
    {"*.assumed", "", "true: nobody has published it; `note` says what it rests on"},
    {"*.note", "", "what to know of the number"},
};

const machine_key *machine_keys(arena *mem, size_t *out_n) {
  VEC_OF(machine_key) all = {0};
  for (size_t i = 0; i < COUNT(keys); i++)
    vec_push(mem, &all, keys[i]);
  for (int part = 0; part < MACHINE_PARTS; part++) {
    machine_key k;
    for (size_t i = 0; machine_part_key(mem, part, i, &k); i++)
      vec_push(mem, &all, k);
  }
  *out_n = all.n;
  return all.at;
}
