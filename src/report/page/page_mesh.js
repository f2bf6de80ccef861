/* The mesh as a heat map: one cell a core.  The first dim runs to the right, the second down, a third makes panels.  Arrow keys move, Enter chooses. */

const cellsMost = 4096;

/* What a lane's cycles go to: {kind, unit, cycles}, the largest first.  Of joined slices the main kind is known; the rest is "mixed". */
function laneSpent(lane) {
  const spent = {};
  const add = (kind, unit, cycles) => {
    (spent[kind + unit] = spent[kind + unit] || { kind, unit, cycles: 0 }).cycles += cycles;
  };
  for (const slice of slicesOf(lane)) {
    const main = slice.mixed ? slice.other : slice.cycles,
      kind = sliceKind(slice);
    add(kind, kind === 'compute' && !slice.mixed ? slice.other : -1, main);
    if (slice.cycles > main) add('mixed', -1, slice.cycles - main);
  }
  return Object.values(spent).sort((a, b) => b.cycles - a.cycles);
}

const spentName = (spent) => kindName(spent.kind) + (spent.unit >= 0 ? ' on ' + units[spent.unit] : '');
const waiting = (core) => laneSpent(laneOf(core, 1)).reduce((sum, spent) => sum + (waitKinds.has(spent.kind) ? spent.cycles : 0), 0);

/* Coordinates of core `i` of the machine's whole mesh, which the graph may use a part of. */
function machineCoords(i) {
  const sizes = page.machine.mesh.map((dim) => dim.size);
  return sizes.map((size, d) => Math.floor(i / sizes.slice(d + 1).reduce((a, b) => a * b, 1)) % size);
}

/* Cycles that the busiest link out of each core works, by coordinates; only where graph and machine have the same dims. */
const linkBusy = {};
if (page.mesh.length === page.machine.mesh.length)
  for (const link of page.sim.links || []) {
    const at = machineCoords(link.from).join();
    linkBusy[at] = Math.max(linkBusy[at] || 0, link.busy);
  }

const metrics = {
  cycles: { name: 'cycles', value: (c) => cores[c].cycles, text: count, brief: short },
  busy: {
    name: 'busy computing',
    value: (c) => (100 * cores[c].busy) / Math.max(cores[c].cycles, 1),
    text: (v) => v.toFixed(1) + ' %',
    brief: (v) => Math.round(v) + '%',
  },
  waiting: {
    name: 'compute thread waiting',
    value: (c) => (100 * waiting(c)) / Math.max(cores[c].cycles, 1),
    text: (v) => v.toFixed(1) + ' %',
    brief: (v) => Math.round(v) + '%',
  },
  links: {
    name: 'busiest link out of it',
    value: (c) => (100 * (linkBusy[coordsOf(c).join()] || 0)) / Math.max(end, 1),
    text: (v) => v.toFixed(1) + ' %',
    brief: (v) => Math.round(v) + '%',
  },
  dram: { name: 'bytes from and to DRAM', value: (c) => cores[c].dram_bytes, text: bytes, brief: short },
};
if (isNpu) delete metrics.waiting;
if (!page.sim.links) delete metrics.links;

function cellLabel(core) {
  return (
    'core ' +
    coreName(core) +
    ': ' +
    count(cores[core].cycles) +
    ' cycles, ' +
    metrics.busy.text(metrics.busy.value(core)) +
    ' busy, ' +
    bytes(cores[core].dram_bytes) +
    ' of DRAM'
  );
}

/* Machine cores next to a DRAM channel, as "x,y": list of channels; only where graph and machine have the same dims. */
function channelsAt() {
  const at = {};
  page.machine.attach.forEach((node, channel) => {
    const coords = machineCoords(node).join();
    (at[coords] = at[coords] || []).push(channel);
  });
  return page.mesh.length === page.machine.mesh.length ? at : {};
}

function makeCell(core, channels) {
  const [column, row] = coordsOf(core),
    dram = channels[coordsOf(core).join()];
  const cell = make(
    'button',
    {
      type: 'button',
      class: 'cell',
      'data-core': core,
      'data-cycles': cores[core].cycles,
      'aria-label': cellLabel(core) + (dram ? ', next to DRAM channel ' + dram.join(', ') : ''),
      tabindex: core === state.core ? 0 : -1,
      onclick: () => chooseCore(core),
      onfocus: () => {
        state.core !== core && chooseCore(core);
      },
    },
    make('span', { class: 'full' }),
    make('span', { class: 'brief', 'aria-hidden': 'true' }),
    dram ? make('span', { class: 'dram', title: 'DRAM channel ' + dram.join(', ') }, 'D' + dram.join(' ')) : null,
  );
  cell.style.gridColumn = (column || 0) + 2;
  cell.style.gridRow = (row || 0) + 2;
  return cell;
}

function makePanel(list, channels) {
  const columns = page.mesh[0].size,
    rows = page.mesh.length > 1 ? page.mesh[1].size : 1;
  const panel = make('div', {
    class: 'mesh' + (columns > 8 ? ' many' : '') + (columns > 24 ? ' dots' : columns > 12 ? ' dense' : ''),
    role: 'group',
    'aria-label': 'heat map of the mesh, ' + columns + ' by ' + rows,
  });
  panel.style.gridTemplateColumns = 'auto repeat(' + columns + ', minmax(0, 1fr))';
  panel.style.maxWidth = Math.max(columns * 84, 200) + 'px';
  for (let i = 0; i < columns; i++) {
    const label = make('span', { class: 'axis', 'aria-hidden': 'true' }, (i === 0 ? page.mesh[0].name + ' ' : '') + i);
    label.style.gridColumn = i + 2;
    label.style.gridRow = 1;
    panel.append(label);
  }
  for (let i = 0; i < rows && page.mesh.length > 1; i++) {
    const label = make('span', { class: 'axis', 'aria-hidden': 'true' }, (i === 0 ? page.mesh[1].name + ' ' : '') + i);
    label.style.gridColumn = 1;
    label.style.gridRow = i + 2;
    panel.append(label);
  }
  panel.append(...list.map((core) => makeCell(core, channels)));
  tipFor(panel, (event) => event.target.closest('.cell') && event.target.closest('.cell').getAttribute('aria-label'));
  return panel;
}

function moveFocus(event, cells) {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 1], ArrowUp: [1, -1] }[event.key];
  if (!step || !event.target.classList.contains('cell')) return;
  const goal = coordsOf(Number(event.target.dataset.core));
  const dim = Math.min(step[0], page.mesh.length - 1);
  goal[dim] += step[1];
  const next = cells.find((cell) => coordsOf(Number(cell.dataset.core)).join() === goal.join());
  if (next) next.focus();
  event.preventDefault();
}

/* The chosen core: where the time of its threads goes. */
function showCore(box) {
  const core = state.core,
    total = Math.max(cores[core].cycles, 1);
  const bars = threads.map((thread, w) => {
    const spent = laneSpent(laneOf(core, w));
    const bar = make('div', {
      class: 'stack',
      role: 'img',
      'aria-label': thread + ': ' + spent.map((s) => spentName(s) + ' ' + percent(s.cycles, total)).join(', '),
    });
    for (const s of spent) {
      const part = make(
        'span',
        { class: 'k-' + s.kind + (s.unit >= 0 ? ' unit' + (s.unit % 4) : '') },
        s.cycles / total > 0.15 ? percent(s.cycles, total) : '',
      );
      part.style.width = (100 * s.cycles) / total + '%';
      part.tip = spentName(s) + ': ' + count(s.cycles) + ' cycles, ' + percent(s.cycles, total);
      bar.append(part);
    }
    tipFor(bar, (event) => event.target.tip);
    return make('div', { class: 'thread' }, make('span', {}, thread), bar);
  });
  box.replaceChildren(
    make('h3', {}, 'core ' + coreName(core)),
    make(
      'p',
      {},
      count(cores[core].cycles) +
        ' cycles, ' +
        metrics.busy.text(metrics.busy.value(core)) +
        ' busy, ' +
        bytes(cores[core].dram_bytes) +
        ' from and to DRAM',
    ),
    ...bars,
    makeLegend(),
  );
}

/* How much of the run each DRAM channel works; of an NPU what share of the bytes it moves. */
function makeChannels() {
  const moved = page.sim.channels.reduce((sum, channel) => sum + (channel.bytes || 0), 0),
    partOf = (channel) => (isNpu ? channel.bytes : channel.busy),
    whole = isNpu ? moved : end;
  const rows = page.sim.channels.map((channel, i) => {
    const bar = make('span', { class: 'length' });
    bar.style.width = (100 * partOf(channel)) / Math.max(whole, 1) + '%';
    return make(
      'div',
      { class: 'bar-row' },
      make('span', {}, 'channel ' + i),
      make('span', { class: 'track' }, bar),
      make('span', { class: 'number' }, percent(partOf(channel), whole)),
    );
  });
  return make('div', {}, make('h3', {}, 'DRAM ', make('small', {}, isNpu ? 'share of the bytes' : 'busy')), make('div', { class: 'bars channels' }, ...rows));
}

function showMesh() {
  const shown = cores.slice(0, cellsMost).map((_, i) => i),
    channels = channelsAt();
  const panels =
    page.mesh.length < 3
      ? [make('div', {}, makePanel(shown, channels))]
      : [...Array(page.mesh[2].size).keys()].map((z) =>
          make(
            'div',
            {},
            make('h3', {}, page.mesh[2].name + ' = ' + z),
            makePanel(
              shown.filter((c) => coordsOf(c)[2] === z),
              channels,
            ),
          ),
        );
  const cells = panels.flatMap((panel) => [...panel.querySelectorAll('.cell')]),
    low = make('span'),
    high = make('span'),
    detail = make('div', { class: 'detail', 'aria-live': 'polite' });
  const paint = (metric) => {
    const values = cells.map((cell) => metric.value(Number(cell.dataset.core))),
      least = Math.min(...values),
      most = Math.max(...values);
    cells.forEach((cell, i) => {
      const heat = most > least ? (values[i] - least) / (most - least) : 0.5;
      cell.style.setProperty('--heat', Math.round(100 * heat) + '%');
      cell.classList.toggle('hot', heat > 0.55);
      cell.children[0].textContent = metric.text(values[i]);
      cell.children[1].textContent = metric.brief(values[i]);
    });
    low.textContent = metric.text(least);
    high.textContent = metric.text(most);
  };
  const mark = () => {
    cells.forEach((cell) => {
      const is = Number(cell.dataset.core) === state.core;
      cell.setAttribute('aria-pressed', is);
      cell.tabIndex = is ? 0 : -1;
    });
    showCore(detail);
  };
  const choice = make(
    'select',
    { id: 'metric', onchange: (event) => paint(metrics[event.target.value]) },
    ...Object.entries(metrics).map(([key, metric]) => make('option', { value: key }, metric.name)),
  );
  byId('mapping').append(
    make(
      'div',
      { class: 'two' },
      make(
        'div',
        {},
        make(
          'p',
          { class: 'controls' },
          make('label', { for: 'metric' }, 'colour and number: '),
          choice,
          make('span', { class: 'ramp' }, low, make('span', { class: 'gradient' }), high),
        ),
        make('div', { onkeydown: (event) => moveFocus(event, cells) }, ...panels),
        cores.length > cellsMost ? make('p', { class: 'note' }, 'the first ' + count(cellsMost) + ' of ' + count(cores.length) + ' cores') : null,
        make('p', { class: 'note' }, 'D: the core next to that DRAM channel. Arrow keys move between cores; the chosen one is shown here and below.'),
      ),
      make('div', {}, detail, makeChannels()),
    ),
  );
  paint(metrics.cycles);
  mark();
  watchers.core.push(mark);
}
