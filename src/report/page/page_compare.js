/* This run against another: figures, decisions, costs, cores and texts that differ. */

const sideName = (side) => side.kernel + ' on ' + side.machine.name;

/* [name, number of this run, number of the other, text of a number] */
function comparedFigures(a, b) {
  const of = (side) => side.summary || {},
    dram = (side) => side.sim.dram_bytes_read + side.sim.dram_bytes_written,
    moved = (side) => (side.flops > 0 && side.sim.cycles > 0 ? side.flops / side.sim.cycles : undefined);
  return [
    ['simulated cycles', a.sim.cycles, b.sim.cycles, count],
    ['predicted cycles', a.predicted_cycles, b.predicted_cycles, count],
    ['lower bound, cycles', of(a).lower_bound, of(b).lower_bound, count],
    ['operations a cycle', moved(a), moved(b), count],
    ['bytes of L1 a core', of(a).l1_bytes, of(b).l1_bytes, count],
    ['bytes from and to DRAM', dram(a), dram(b), count],
    ['bytes times links', a.sim.noc_bytes, b.sim.noc_bytes, count],
    ['cores', a.sim.per_core.length, b.sim.per_core.length, count],
    ['faults', a.sim.n_faults, b.sim.n_faults, count],
  ].filter(([, x, y]) => Number.isFinite(x) || Number.isFinite(y));
}

/* Two bars to one scale: this run above, the other below. */
function pairBar(x, y) {
  const most = Math.max(x || 0, y || 0, 1e-9);
  return make(
    'span',
    { class: 'pair', 'aria-hidden': 'true' },
    ...[x, y].map((v, i) => {
      const bar = make('span', { class: i ? 'length other' : 'length' });
      bar.style.width = (100 * (v || 0)) / most + '%';
      return make('span', { class: 'track' }, bar);
    }),
  );
}

function decisionsOf(side) {
  const plan = (side.summary || {}).plan || {},
    out = { machine: side.machine.name, mapping: plan.mapping, split: plan.split, 'loop order': plan.loop_order };
  for (const [key, value] of Object.entries(plan.block_sizes || {})) out[key] = value;
  for (const [key, value] of Object.entries(plan.broadcast || {}))
    out['load ' + key] = value + (plan.hoist && plan.hoist[key] ? ', lifted over ' + plan.hoist[key] + ' loops' : '');
  for (const buffer of Array.isArray(plan.buffers) ? plan.buffers : []) out['buffer ' + buffer.name] = buffer.depth + ' × ' + count(buffer.bytes) + ' B';
  for (const [key, value] of Object.entries((side.summary || {}).shape || {})) out['size ' + key] = value;
  return out;
}

/* Rows that differ first; those that do not are folded away. */
function compareDecisions(box, a, b) {
  const [x, y] = [decisionsOf(a), decisionsOf(b)],
    keys = [...new Set([...Object.keys(x), ...Object.keys(y)])].filter((key) => x[key] !== undefined || y[key] !== undefined),
    text = (v) => (v === undefined ? '–' : String(v)),
    row = (key) => [key, text(x[key]), text(y[key])],
    differ = keys.filter((key) => x[key] !== y[key]),
    alike = keys.filter((key) => x[key] === y[key]);
  box.append(make('h3', {}, 'Decisions ', make('small', {}, differ.length + ' differ, ' + alike.length + ' are alike')));
  if (differ.length) box.append(table(['', 'this run', 'the other'], differ.map(row), [], 'decisions that differ'));
  if (alike.length) box.append(foldedTable('what is alike', ['', 'this run', 'the other'], alike.map(row), []));
}

function compareCosts(box, a, b) {
  const isExplained = (side) => (side.explain || {}).cost_split,
    split = (side) => (isExplained(a) && isExplained(b) ? side.explain.cost_split : (side.summary || {}).cost_split) || {},
    keys = [...new Set([...Object.keys(split(a)), ...Object.keys(split(b))])];
  if (!keys.length) return;
  box.append(
    make('h3', {}, 'Cost split ', make('small', {}, 'predicted cycles of each term if the others took no time')),
    table(
      ['term', 'this run', 'the other', 'against it', ''],
      keys.map((key) => [key, count(split(a)[key] || 0), count(split(b)[key] || 0), ratioText(split(a)[key] || 0, split(b)[key] || 0), pairBar(split(a)[key], split(b)[key])]),
      [1, 2, 3],
      'cost split of both',
    ),
  );
}

/* Cycles of each core against the other's, where both have the same mesh. */
function compareCores(box, a, b) {
  const shape = (side) => side.mesh.map((dim) => dim.name + dim.size).join();
  if (shape(a) !== shape(b) || a.sim.per_core.length !== b.sim.per_core.length || a.sim.per_core.length < 2 || a.sim.per_core.length > cellsMost) return;
  const by = a.sim.per_core.map((core, i) => core.cycles - b.sim.per_core[i].cycles),
    most = Math.max(1, ...by.map(Math.abs)),
    columns = a.mesh[0].size;
  const grid = make('div', {
    class: 'mesh waves-mesh' + (columns > 24 ? ' dots' : columns > 10 ? ' dense' : ''),
    role: 'img',
    'aria-label': 'cycles of each core against the other run: from ' + count(Math.min(...by)) + ' to ' + count(Math.max(...by)),
  });
  grid.style.gridTemplateColumns = 'repeat(' + columns + ', minmax(0, 1fr))';
  grid.style.maxWidth = Math.max(columns * 72, 150) + 'px';
  by.forEach((cycles, core) => {
    const text = (cycles > 0 ? '+' : cycles < 0 ? '−' : '') + count(Math.abs(cycles)),
      cell = make('div', { class: 'wave-cell ' + (cycles > 0 ? 'slower' : 'faster'), 'data-by': cycles }, make('span', {}, text));
    cell.style.setProperty('--part', Math.round((70 * Math.abs(cycles)) / most) + '%');
    cell.style.gridColumn = (coordsOf(core)[0] || 0) + 1;
    cell.style.gridRow = (coordsOf(core)[1] || 0) + 1 + (page.mesh.length > 2 ? coordsOf(core)[2] * page.mesh[1].size : 0);
    cell.tip = 'core ' + coreName(core) + ': ' + count(a.sim.per_core[core].cycles) + ' cycles, ' + text + ' against the other';
    grid.append(cell);
  });
  tipFor(grid, (event) => event.target.closest('.wave-cell') && event.target.closest('.wave-cell').tip);
  box.append(make('h3', {}, 'Cores ', make('small', {}, 'cycles more (warm) or fewer (cold) than in the other run')), grid);
}

function showCompare() {
  const box = byId('compare'),
    b = page.other;
  if (!b) return;
  box.hidden = false;
  document.querySelector('nav a[href="#compare"]').hidden = false;
  box.append(
    make('p', {}, 'This run: ', make('b', {}, page.name), ', ' + sideName(page) + '. The other: ', make('b', {}, b.name), ', ' + sideName(b) + '.'),
    table(
      ['', 'this run', 'the other', 'against it', ''],
      comparedFigures(page, b).map(([name, x, y, text]) => [
        name,
        make('data', { value: x, 'data-figure': name, 'data-side': 'this' }, Number.isFinite(x) ? text(x) : '–'),
        make('data', { value: y, 'data-figure': name, 'data-side': 'other' }, Number.isFinite(y) ? text(y) : '–'),
        ratioText(x, y),
        pairBar(x, y),
      ]),
      [1, 2, 3],
      'figures of both',
    ),
  );
  compareDecisions(box, page, b);
  compareCosts(box, page, b);
  compareCores(box, page, b);
  if (b.irs.length) box.append(make('h3', {}, 'Texts of the stages'));
  for (const ir of b.irs) {
    const lines = lineCount(ir.diff, '+') + lineCount(ir.diff, '-');
    box.append(lines ? lazyDetails(ir.name + ': ' + lines + ' lines differ', () => diffView(ir.diff, ['the other: ' + ir.name, 'this run: ' + ir.name])) : make('p', { class: 'note' }, ir.name + ': the same text'));
  }
}
