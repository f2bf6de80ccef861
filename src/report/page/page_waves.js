/* Which core works on which tile: the boxes of a load or store, turn by turn, on the mesh and in the tensor.  A turn is one round of the loops around the node; the n-th turns of
   all cores are shown together. */

/* A colour for each core: neighbours of a row go round the wheel, rows differ in strength. */
function coreColour(core) {
  const [x, y] = coordsOf(core),
    columns = page.mesh[0].size,
    rows = page.mesh.length > 1 ? page.mesh[1].size : 1;
  return 'hsl(' + Math.round((360 * (x + ((y || 0) % 2) / 2)) / columns) + ' ' + (45 + Math.round((45 * (y || 0)) / Math.max(rows - 1, 1))) + '% ' + (42 + 6 * ((y || 0) % 3)) + '%)';
}

/* [turn] -> list of {core, begin, end, at: [[offset, extent] by dim]} */
function turnsOf(move) {
  const size = 3 + 2 * move.shape.length,
    turns = [];
  move.cores.forEach((flat, core) => {
    for (let i = 0, done = 0; i < flat.length; i += size) {
      const at = move.shape.map((_, d) => flat.slice(i + 3 + 2 * d, i + 5 + 2 * d)),
        begin = isNpu && flat[i + 2] >= 0 ? Math.min(done, flat[i + 1]) : flat[i + 1];
      done = flat[i + 2];
      (turns[flat[i]] = turns[flat[i]] || []).push({ core, begin, end: flat[i + 2], at });
    }
  });
  return Array.from(turns, (turn) => turn || []);
}

const boxText = (tile, shape) => '[' + tile.at.map(([from, n], d) => (n === shape[d] ? ':' : n === 1 ? count(from) : count(from) + ':' + count(from + n))).join(', ') + ']';

/* Where it begins, in the dims of which it has a part: what fits into a cell. */
const startText = (tile, shape) => tile.at.filter(([, n], d) => n < shape[d]).map(([from]) => from).join(', ') || 'all';

/* The two dims that are drawn: the last two along which tiles lie beside each other; others that do so make panels. */
function drawnDims(move, turns) {
  const starts = move.shape.map((_, d) => new Set(turns.flatMap((turn) => turn.map((tile) => tile.at[d][0]))).size),
    moving = starts.map((n, d) => (n > 1 ? d : -1)).filter((d) => d >= 0);
  const drawn = moving.slice(-2);
  for (let d = move.shape.length - 1; d >= 0 && drawn.length < Math.min(2, move.shape.length); d--) if (!drawn.includes(d)) drawn.push(d);
  drawn.sort((a, b) => a - b);
  return { drawn, panels: moving.filter((d) => !drawn.includes(d)) };
}

const panelsMost = 64;

/* The tensor: a picture for each place in the dims that make panels, filled turn by turn. */
function makeTensor(move, turns) {
  const { drawn, panels } = drawnDims(move, turns),
    [rowDim, columnDim] = drawn.length > 1 ? drawn : [-1, drawn.length ? drawn[0] : -1],
    height = rowDim < 0 ? 1 : move.shape[rowDim],
    width = columnDim < 0 ? 1 : move.shape[columnDim],
    pictures = {},
    shapes = turns.map(() => []),
    box = make('div', { class: 'tensor', role: 'img' });
  const pictureAt = (tile) => {
    const key = panels.map((d) => tile.at[d][0]).join();
    if (!pictures[key]) {
      const svg = draw('svg', { viewBox: '0 0 ' + width + ' ' + height, preserveAspectRatio: 'none', class: 'sheet' });
      svg.style.aspectRatio = String(Math.min(Math.max(width / height, 0.5), 4));
      pictures[key] = { svg, name: panels.map((d) => 'dim ' + d + ' at ' + tile.at[d][0]).join(', ') };
    }
    return pictures[key].svg;
  };
  turns.forEach((turn, n) => {
    const here = {};
    for (const tile of turn) {
      const [y, h] = rowDim < 0 ? [0, 1] : tile.at[rowDim],
        [x, w] = columnDim < 0 ? [0, 1] : tile.at[columnDim],
        key = tile.at.join();
      if (here[key]) {
        here[key].cores.push(tile.core);
        continue;
      }
      const rect = draw('rect', { x, y, width: w, height: h, class: 'tile', 'data-turn': n });
      here[key] = rect;
      rect.cores = [tile.core];
      rect.tile = tile;
      rect.style.setProperty('--core', coreColour(tile.core));
      pictureAt(tile).append(rect);
      shapes[n].push(rect);
    }
  });
  const all = Object.values(pictures);
  box.append(...all.slice(0, panelsMost).map((one) => make('figure', {}, one.svg, one.name ? make('figcaption', {}, one.name) : null)));
  if (all.length > panelsMost) box.append(make('p', { class: 'note' }, 'the first ' + panelsMost + ' of ' + count(all.length) + ' parts'));
  if (all.length > 1) box.classList.add('parts');
  box.addEventListener('click', (event) => event.target.cores && chooseCore(event.target.cores[0]));
  const coresText = (list) => (list.length === 1 ? 'core ' + coreName(list[0]) : list.length + ' cores, from ' + coreName(list[0]) + ' to ' + coreName(list[list.length - 1]));
  tipFor(box, (event) => event.target.tile && move.tensor + boxText(event.target.tile, move.shape) + '\nturn ' + (Number(event.target.dataset.turn) + 1) + ': ' + coresText(event.target.cores));
  const dims = (list) => list.map((d) => d + ' (' + count(move.shape[d]) + ')').join(', ');
  return {
    box,
    note: 'down: dim ' + dims(rowDim < 0 ? [] : [rowDim]) + '; to the right: dim ' + dims(columnDim < 0 ? [] : [columnDim]) + (panels.length ? '; a picture for each place in dim ' + dims(panels) : ''),
    paint(now) {
      shapes.forEach((list, n) =>
        list.forEach((rect) => {
          rect.classList.toggle('past', n < now);
          rect.classList.toggle('now', n === now);
          rect.classList.toggle('mine', n === now && rect.cores.includes(state.core));
        }),
      );
    },
  };
}

/* The mesh beside it: what each core has in this turn. */
function makeWaveMesh(move) {
  const columns = page.mesh[0].size,
    shown = cores.slice(0, cellsMost).map((_, core) => core),
    grid = make('div', { class: 'mesh waves-mesh' + (columns > 24 ? ' dots' : columns > 10 ? ' dense' : ''), role: 'img' });
  grid.style.gridTemplateColumns = 'repeat(' + columns + ', minmax(0, 1fr))';
  grid.style.maxWidth = Math.max(columns * 72, 150) + 'px';
  const cells = shown.map((core) => {
    const cell = make('div', { class: 'wave-cell', 'data-core': core, onclick: () => chooseCore(core) }, make('span', {}));
    cell.style.setProperty('--core', coreColour(core));
    cell.style.gridColumn = (coordsOf(core)[0] || 0) + 1;
    cell.style.gridRow = (coordsOf(core)[1] || 0) + 1 + (page.mesh.length > 2 ? coordsOf(core)[2] * page.mesh[1].size : 0);
    return cell;
  });
  grid.append(...cells);
  tipFor(grid, (event) => event.target.closest('.wave-cell') && event.target.closest('.wave-cell').tip);
  return {
    box: grid,
    paint(turn) {
      const of = {};
      turn.forEach((tile) => (of[tile.core] = tile));
      cells.forEach((cell, core) => {
        const tile = of[core],
          text = tile ? boxText(tile, move.shape) : '–';
        cell.classList.toggle('idle', !tile);
        cell.classList.toggle('mine', core === state.core);
        cell.dataset.box = tile ? tile.at.join() : '';
        cell.firstChild.textContent = tile ? startText(tile, move.shape) : '–';
        cell.tip = 'core ' + coreName(core) + ': ' + (tile ? move.tensor + text + (tile.end >= 0 ? '\ncycles ' + count(tile.begin) + ' … ' + count(tile.end) : '') : 'nothing in this turn');
      });
      grid.setAttribute('aria-label', 'the mesh: ' + turn.length + ' of ' + cores.length + ' cores have a tile of ' + move.tensor);
    },
  };
}

function turnText(move, turns, n) {
  const turn = turns[n],
    timed = turn.filter((tile) => tile.end >= 0),
    mine = turn.find((tile) => tile.core === state.core);
  return (
    'turn ' + (n + 1) + ' of ' + count(move.turns) + ': ' + turn.length + ' of ' + cores.length + (cores.length === 1 ? ' core' : ' cores') +
    (timed.length ? ', cycles ' + count(Math.min(...timed.map((tile) => tile.begin))) + ' … ' + count(Math.max(...timed.map((tile) => tile.end))) : '') +
    '; core ' + coreName(state.core) + ' has ' + (mine ? move.tensor + boxText(mine, move.shape) : 'nothing')
  );
}

/* One move with its controls; returns what stops it. */
function showMove(box, move) {
  const turns = turnsOf(move),
    tensor = makeTensor(move, turns),
    mesh = makeWaveMesh(move),
    told = make('output', { class: 'turn', 'aria-live': 'polite' }),
    slider = make('input', { type: 'range', id: 'turn', min: 0, max: Math.max(turns.length - 1, 0), value: 0, step: 1, 'aria-label': 'turn', oninput: () => go(Number(slider.value)) }),
    isCalm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  let now = 0,
    timer = null;
  const paint = () => {
    tensor.paint(now);
    mesh.paint(turns[now]);
    slider.value = now;
    told.textContent = turnText(move, turns, now);
    slider.setAttribute('aria-valuetext', told.textContent);
    tensor.box.setAttribute('aria-label', 'tensor ' + move.tensor + ', ' + move.shape.join(' by ') + ': ' + turns[now].length + ' tiles in turn ' + (now + 1));
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = '▶';
    play.setAttribute('aria-label', 'play');
    told.setAttribute('aria-live', 'polite');
  };
  const go = (to) => {
    now = Math.min(Math.max(to, 0), turns.length - 1);
    paint();
  };
  const step = () => {
    if (now + 1 < turns.length) go(now + 1);
    if (now + 1 >= turns.length) stop();
  };
  const start = () => {
    if (now + 1 >= turns.length) go(0);
    told.setAttribute('aria-live', 'off'); /* a picture after the other is not read out */
    play.textContent = '❚❚';
    play.setAttribute('aria-label', 'pause');
    timer = setInterval(step, isCalm ? 1500 : turns.length > 100 ? 120 : 600);
  };
  const by = (text, label, to) =>
    button(text, label, () => {
      stop();
      go(to());
    });
  const play = button('▶', 'play', () => (timer ? stop() : start()), { id: 'play' });
  const keys = { ArrowLeft: () => now - 1, ArrowRight: () => now + 1, Home: () => 0, End: () => turns.length - 1 };
  const pictures = make(
    'div',
    {
      class: 'two waves',
      tabindex: 0,
      role: 'group',
      'aria-label': 'turns; arrow keys step, Home and End go to the ends, space plays',
      onkeydown: (event) => {
        if (event.key === ' ') timer ? stop() : start();
        else if (keys[event.key]) {
          stop();
          go(keys[event.key]());
        } else return;
        event.preventDefault();
      },
    },
    make('div', {}, make('h3', {}, 'mesh'), mesh.box),
    make('div', {}, make('h3', {}, move.tensor + ' ', make('small', {}, move.shape.map(count).join(' × '))), tensor.box),
  );
  const zoomIn = button('in the timeline', 'show this turn in the timeline', () => {
    const timed = turns[now].filter((tile) => tile.end >= 0);
    if (!timed.length) return;
    showTime(Math.min(...timed.map((tile) => tile.begin)), Math.max(...timed.map((tile) => tile.end)));
    byId('timeline').scrollIntoView();
  });
  box.replaceChildren(
    make(
      'p',
      { class: 'controls' },
      by('«', 'first turn', () => 0),
      by('‹', 'turn before', () => now - 1),
      play,
      by('›', 'next turn', () => now + 1),
      by('»', 'last turn', () => turns.length - 1),
      slider,
      zoomIn,
    ),
    make('p', {}, told),
    pictures,
    make(
      'p',
      { class: 'note' },
      tensor.note + '. In the cells: where the tile begins, in the dims of which it has a part. Bright: this turn; pale: earlier ones. ' +
        (move.turns > turns.length ? 'The first ' + count(turns.length) + ' of ' + count(move.turns) + ' turns. ' : '') +
        (isNpu ? 'A turn lasts from the end of the one before to the end of its transfer.' : move.is_store ? 'A turn lasts from its first computation to the end of its store.' : 'A turn is one load.'),
    ),
  );
  paint();
  return { stop, paint };
}

function showWaves() {
  const moves = (page.moves || []).filter((move) => move.cores.some((flat) => flat.length)),
    box = make('div', {});
  if (!moves.length) {
    byId('waves').append(make('p', {}, 'The graph has no loads or stores whose place is known.'));
    return;
  }
  let shown = null;
  const show = (i) => {
    if (shown) shown.stop();
    shown = showMove(box, moves[i]);
  };
  byId('waves').append(
    make(
      'p',
      { class: 'controls' },
      make('label', { for: 'move' }, 'tiles of: '),
      make(
        'select',
        { id: 'move', onchange: (event) => show(Number(event.target.value)) },
        ...moves.map((move, i) => make('option', { value: i }, move.label + ' (' + count(move.turns) + (move.turns === 1 ? ' turn)' : ' turns)'))),
      ),
    ),
    box,
  );
  show(0);
  watchers.core.push(() => shown.paint());
}
