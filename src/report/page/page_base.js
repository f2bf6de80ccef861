/* What the parts of a kernel's page share: the chosen core and the visible span of time.
   An NPU's core has tracks (arrays, vector unit, DMA engine) where one of the virtual chip has three threads. */

const cores = page.sim.per_core;
const isNpu = page.engine === 'npu';
const threads = page.threads || ['reader', 'compute', 'writer'];
const laneOf = (core, thread) => threads.length * core + thread;

/* ---- cores ---- */

const coordsOf = (core) => page.mesh.map((dim) => cores[core][dim.name]);
const coreName = (core) => '(' + coordsOf(core).join(', ') + ')';
const end = page.sim.cycles;
const slowest = cores.reduce((best, core, i) => (core.cycles > cores[best].cycles ? i : best), 0);

/* ---- shared state ---- */

const state = { core: slowest, from: 0, to: Math.max(end, 1) };
const watchers = { core: [], time: [] };
function chooseCore(core) {
  state.core = core;
  watchers.core.forEach((f) => f());
}
function showTime(from, to) {
  const most = Math.max(end, 1),
    span = Math.min(Math.max(to - from, 10), most);
  state.from = Math.min(Math.max(from, 0), most - span);
  state.to = state.from + span;
  watchers.time.forEach((f) => f());
}
