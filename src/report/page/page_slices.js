/* The slices of a lane: what they are, what they are called, and the colours they have. */

const kindNames = {
  wait_free: 'waits for a free slot',
  wait_ready: 'waits for data',
  wait_sender: 'waits for its sender',
  wait_receivers: 'waits for its receivers',
  collect: 'waits for tiles',
  read: 'reads DRAM',
  receive: 'receives',
  send: 'sends',
  write: 'writes DRAM',
  compute: 'computes',
  matmul: 'multiplies',
  preload: 'takes weights',
  vector: 'computes',
  requests: 'sends requests',
  idle: 'idle',
  done: 'done',
  mixed: 'short ones, joined',
};
const kindName = (kind) => kindNames[kind] || kind;
const waitKinds = new Set(['wait_free', 'wait_ready', 'wait_sender', 'wait_receivers', 'collect']);
const units = Object.keys(page.sim.unit_busy);

/* ---- slices ---- */

const laneCache = [];
function slicesOf(lane) {
  if (laneCache[lane]) return laneCache[lane];
  const flat = page.lanes[lane],
    out = [];
  for (let i = 0, at = 0; i < flat.length; i += 5) {
    const [cycles, kind, node, other, size] = flat.slice(i, i + 5);
    out.push({ begin: at, cycles, kind, node, other, size, mixed: kind < 0 });
    at += cycles;
  }
  return (laneCache[lane] = out);
}

const sliceKind = (slice) => page.kinds[slice.mixed ? slice.node : slice.kind];
const sliceClass = (slice) =>
  (slice.mixed ? 'mixed k-' : 'k-') + sliceKind(slice) + (!slice.mixed && sliceKind(slice) === 'compute' ? ' unit' + (slice.other % 4) : '');

/* What it waits for, receives from, or runs on. */
function sliceObject(slice) {
  const kind = sliceKind(slice);
  if (slice.other < 0) return '';
  if (isNpu) return ', work item ' + slice.other;
  if (kind === 'wait_free' || kind === 'wait_ready') return ' of ' + page.buffers[slice.other].name;
  if (kind === 'wait_sender' || kind === 'wait_receivers' || kind === 'receive')
    return ' ' + (kind === 'receive' ? 'from ' : '') + 'core ' + coreName(slice.other);
  return kind === 'compute' ? ' on ' + units[slice.other] : '';
}

function sliceText(slice) {
  const when = ', ' + count(slice.cycles) + ' cycles from ' + count(slice.begin);
  if (slice.mixed) return 'mostly: ' + kindName(sliceKind(slice)) + ' (' + percent(slice.other, slice.cycles) + ')' + when;
  const name = slice.node >= 0 ? page.nodes[slice.node] + ': ' : '';
  return name + kindName(sliceKind(slice)) + sliceObject(slice) + (slice.size > 0 ? ', ' + bytes(slice.size) : '') + when;
}

let usedKinds = null;
function makeLegend() {
  const seen = new Set();
  if (!usedKinds) page.lanes.forEach((_, lane) => slicesOf(lane).forEach((slice) => seen.add(sliceKind(slice))));
  usedKinds = usedKinds || page.kinds.filter((kind) => seen.has(kind));
  const key = (style, name) => make('span', { class: 'key' }, make('i', { class: style, 'aria-hidden': 'true' }), name);
  return make(
    'p',
    { class: 'legend' },
    ...usedKinds.flatMap((kind) =>
      kind === 'compute' ? units.map((unit, i) => key('k-compute unit' + (i % 4), 'computes on ' + unit)) : [key('k-' + kind, kindName(kind))],
    ),
  );
}
