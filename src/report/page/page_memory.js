/* The L1 of the chosen core: a row for each slot, at the same span of time as the timeline, and all slots to scale beside it. */

function slotRows() {
  const rows = [];
  page.buffers.forEach((buffer, b) => {
    for (let slot = 0; slot < buffer.depth; slot++)
      rows.push({ b, slot, buffer, offset: buffer.offset + slot * buffer.stride, name: buffer.name + (buffer.depth > 1 ? '[' + slot + ']' : '') });
  });
  return rows.sort((x, y) => x.offset - y.offset || x.b - y.b);
}

/* Uses of the slots of a core, or null where the page has none of it. */
function livesOf(core) {
  const flat = page.lives[core],
    out = {};
  if (!flat) return null;
  for (let i = 0; i < flat.length; i += 5) {
    const [b, slot, reserved, published, freed] = flat.slice(i, i + 5);
    (out[b + '.' + slot] = out[b + '.' + slot] || []).push({ reserved, published: published < 0 ? end : published, freed: freed < 0 ? end : freed });
  }
  return out;
}

/* Open until it is published, then ready until it is freed. */
function lifeSlices(lives) {
  return lives
    .flatMap((life) => [
      { begin: life.reserved, cycles: life.published - life.reserved, style: 'open', text: 'being filled' },
      { begin: life.published, cycles: life.freed - life.published, style: 'ready', text: 'in use' },
    ])
    .filter((slice) => slice.cycles > 0);
}

function makeScale(rows) {
  const used = Math.max(...rows.map((row) => row.offset + row.buffer.bytes), 1),
    capacity = Math.max(page.machine.l1_bytes, used);
  const bar = make(
    'div',
    { class: 'l1', role: 'img', 'aria-label': bytes(used) + ' of ' + bytes(capacity) + ' laid out' },
    ...rows.map((row) => {
      const part = make('span', { class: 'b' + (row.b % 8) });
      part.style.left = (100 * row.offset) / capacity + '%';
      part.style.width = 'max(1px, ' + (100 * row.buffer.bytes) / capacity + '%)';
      part.tip = row.name + ': bytes ' + count(row.offset) + ' … ' + count(row.offset + row.buffer.bytes - 1);
      return part;
    }),
  );
  tipFor(bar, (event) => event.target.tip);
  return make('div', {}, make('p', { class: 'note' }, 'to scale: ' + bytes(used) + ' laid out of ' + bytes(capacity)), bar);
}

/* The scratchpad of an NPU: tiles where the program has them, in every lane's bank. */
function showScratchpad() {
  const tiles = page.buffers,
    used = Math.max(...tiles.map((tile) => tile.offset + tile.bytes), 1);
  const bar = make('div', { class: 'l1', role: 'img', 'aria-label': bytes(used) + ' of ' + bytes(page.lane_bytes) + ' of a lane laid out' });
  tiles.forEach((tile, i) => {
    const part = make('span', { class: 'b' + (i % 8) });
    part.style.left = (100 * tile.offset) / Math.max(page.lane_bytes, used) + '%';
    part.style.width = 'max(2px, ' + (100 * tile.bytes) / Math.max(page.lane_bytes, used) + '%)';
    part.tip = tile.name + ': bytes ' + count(tile.offset) + ' … ' + count(tile.offset + tile.bytes - 1) + ' of every lane';
    bar.append(part);
  });
  tipFor(bar, (event) => event.target.tip);
  byId('memory').append(
    make('p', {}, 'Every lane has a bank of ' + bytes(page.lane_bytes) + '; the tiles take ' + bytes(used) + ' of it, and with all that were there at a time at most ' + bytes(Math.max(0, ...cores.map((core) => core.spad_lane_bytes || 0))) + '.'),
    bar,
    table(['tile', 'at byte', 'bytes of a lane'], tiles.map((tile) => [tile.name, count(tile.offset), count(tile.bytes)]), [1, 2], 'tiles of the scratchpad'),
  );
}

function showMemory() {
  if (isNpu) {
    showScratchpad();
    return;
  }
  const rows = slotRows(),
    map = make('div', { class: 'wides' }),
    heading = make('h3', {}),
    axis = make('div', { class: 'axis-line' });
  if (rows.length === 0) {
    byId('memory').append(make('p', {}, 'The graph has no buffers.'));
    return;
  }
  const paint = () => {
    const lives = livesOf(state.core);
    heading.textContent = 'core ' + coreName(state.core);
    map.replaceChildren();
    if (!lives) {
      const kept = page.lives.map((list, core) => (list ? core : -1)).filter((core) => core >= 0);
      map.append(
        make(
          'p',
          { class: 'note' },
          'There are too many uses of slots to keep those of all cores. Kept: ',
          ...kept.map((core) => make('button', { type: 'button', onclick: () => chooseCore(core) }, 'core ' + coreName(core))),
        ),
      );
      return;
    }
    const lanes = rows.map((row) => {
      const lane = make('div', { class: 'wide slot' }),
        range = count(row.offset) + ' … ' + count(row.offset + row.buffer.bytes - 1);
      map.append(
        make(
          'div',
          { class: 'row' },
          make(
            'span',
            { class: 'label', title: row.name + ': ' + row.buffer.dtype + '[' + row.buffer.shape.join(', ') + '], bytes ' + range },
            make('b', {}, row.name),
            make('small', {}, 'at ' + count(row.offset)),
          ),
          lane,
        ),
      );
      return [lane, row];
    });
    lanes.forEach(([lane, row]) =>
      fillLane(
        lane,
        lifeSlices(lives[row.b + '.' + row.slot] || []),
        (slice) => 'b' + (row.b % 8) + ' ' + slice.style,
        (slice) => slice.text,
        (slice) => row.name + ': ' + slice.text + ', ' + count(slice.cycles) + ' cycles from ' + count(slice.begin),
      ),
    );
    fillAxis(axis);
  };
  const box = make(
    'div',
    { class: 'time', tabindex: 0, role: 'group', 'aria-label': 'slots over time; arrow keys move, plus and minus zoom, Home shows all' },
    make('div', { class: 'row' }, make('span', { class: 'label' }, 'cycle'), axis),
    map,
  );
  byId('memory').append(
    makeScale(rows),
    heading,
    box,
    make(
      'p',
      { class: 'note' },
      'Pale: reserved and being filled; full: published, until it is freed. Rows in order of their bytes.' +
        (page.cut >= 0 ? ' What happened after cycle ' + count(page.cut) + ' is not kept.' : ''),
    ),
  );
  controlTime(box, () => axis);
  tipFor(map, (event) => event.target.tip);
  paint();
  watchers.core.push(paint);
  watchers.time.push(paint);
  new ResizeObserver(paint).observe(box);
}
