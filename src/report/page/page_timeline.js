/* What each thread does when: all cores in thin lanes, and the chosen one in tall lanes with names.  Both show the same span of time. */

/* ---- all cores ---- */

function makeOverview(lanes) {
  const rows = cores.map((_, core) => {
    const label = make(
      'button',
      {
        type: 'button',
        class: 'label',
        'data-core': core,
        tabindex: -1,
        onclick: () => chooseCore(core),
        'aria-label': 'choose core ' + coreName(core),
      },
      coreName(core),
    );
    const stack = make('div', { class: 'lanes' });
    threads.forEach((thread, w) => {
      const svg = draw('svg', {
        class: 'lane',
        preserveAspectRatio: 'none',
        'data-core': core,
        'data-thread': thread,
        role: 'img',
        'aria-label': 'core ' + coreName(core) + ', ' + thread,
      });
      for (const slice of slicesOf(laneOf(core, w))) {
        const rect = draw('rect', {
          x: slice.begin,
          width: slice.cycles,
          y: 0,
          height: 1,
          class: 'slice ' + sliceClass(slice),
          'data-kind': sliceKind(slice),
          'data-cycles': slice.cycles,
        });
        rect.slice = slice;
        svg.append(rect);
      }
      lanes.push(svg);
      stack.append(svg);
    });
    return make('div', { class: 'row', 'data-core': core }, label, stack);
  });
  const box = make('div', { class: 'overview', role: 'group', 'aria-label': 'all cores, ' + threads.join(', ') + ' of each' }, ...rows);
  tipFor(
    box,
    (event) =>
      event.target.slice &&
      'core ' +
        coreName(Number(event.target.parentNode.dataset.core)) +
        ', ' +
        event.target.parentNode.dataset.thread +
        '\n' +
        sliceText(event.target.slice),
  );
  return box;
}

/* ---- the chosen core ---- */

/* Boxes of the slices that can be seen, with names where there is room. */
function fillLane(lane, slices, styleOf, textOf, tipOf) {
  const span = state.to - state.from,
    width = lane.clientWidth || 800,
    boxes = [];
  let first = 0;
  while (first < slices.length && slices[first].begin + slices[first].cycles <= state.from) first++;
  for (let i = first, drawn = -1; i < slices.length && slices[i].begin < state.to; i++) {
    const left = Math.max(slices[i].begin, state.from),
      right = Math.min(slices[i].begin + slices[i].cycles, state.to),
      pixels = ((right - left) / span) * width;
    const column = Math.floor(((left - state.from) / span) * width);
    if (pixels < 1 && column === drawn) continue; /* under one that is there */
    drawn = column;
    const box = make('span', { class: 'box ' + styleOf(slices[i]) }, pixels > 42 ? textOf(slices[i]) : '');
    box.style.left = (100 * (left - state.from)) / span + '%';
    box.style.width = 'max(1px, ' + (100 * (right - left)) / span + '%)';
    box.tip = tipOf(slices[i]);
    boxes.push(box);
  }
  lane.replaceChildren(...boxes);
}

function stepLevels(core) {
  const levels = [],
    flat = page.steps ? page.steps[core] : [];
  for (let i = 0; i < flat.length; i += 5)
    (levels[flat[i]] = levels[flat[i]] || []).push({ begin: flat[i + 1], cycles: flat[i + 2], text: page.nodes[flat[i + 3]] + ' = ' + flat[i + 4] });
  return levels;
}

function fillDetail(box) {
  const lanes = [];
  const add = (name, style, paint) => {
    const lane = make('div', { class: 'wide ' + style });
    box.append(make('div', { class: 'row' }, make('span', { class: 'label' }, name), lane));
    lanes.push(() => paint(lane));
  };
  box.replaceChildren();
  stepLevels(state.core).forEach((steps, level) =>
    add(level === 0 ? 'loops' : '', 'steps', (lane) =>
      fillLane(
        lane,
        steps,
        () => 'step',
        (s) => s.text,
        (s) => s.text + ', ' + count(s.cycles) + ' cycles from ' + count(s.begin),
      ),
    ),
  );
  threads.forEach((thread, w) =>
    add(thread, 'tall', (lane) =>
      fillLane(
        lane,
        slicesOf(laneOf(state.core, w)),
        sliceClass,
        (slice) =>
          slice.mixed
            ? ''
            : slice.kind === page.kinds.indexOf('done')
              ? 'done'
              : waitKinds.has(sliceKind(slice))
                ? kindName(sliceKind(slice)) + sliceObject(slice)
                : slice.node >= 0
                  ? page.nodes[slice.node]
                  : '',
        sliceText,
      ),
    ),
  );
  lanes.forEach((paint) => paint());
}

/* ---- axis and control ---- */

function fillAxis(axis) {
  const span = state.to - state.from,
    step = niceStep(span, Math.max(2, Math.floor((axis.clientWidth || 800) / 110))),
    marks = [];
  for (let at = Math.ceil(state.from / step) * step; at <= state.to; at += step) {
    const mark = make('span', { class: 'mark' }, count(at));
    mark.style.left = (100 * (at - state.from)) / span + '%';
    mark.classList.toggle('last', ((state.to - at) / span) * axis.clientWidth < 7 * count(at).length + 12);
    marks.push(mark);
  }
  axis.replaceChildren(...marks);
}

const pan = (share) => showTime(state.from + share * (state.to - state.from), state.to + share * (state.to - state.from));
function zoom(factor, at = 0.5) {
  const span = (state.to - state.from) * factor,
    anchor = state.from + at * (state.to - state.from);
  showTime(anchor - at * span, anchor - at * span + span);
}
const timeKeys = {
  ArrowLeft: () => pan(-0.25),
  ArrowRight: () => pan(0.25),
  '+': () => zoom(0.5),
  '=': () => zoom(0.5),
  '-': () => zoom(2),
  Home: () => showTime(0, end),
};

/* Drag moves, the wheel with Ctrl (or a pinch) zooms at the pointer, a double click shows all. */
function controlTime(box, laneOf) {
  let grip = null;
  box.addEventListener('keydown', (event) => {
    if (!timeKeys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    timeKeys[event.key]();
    event.preventDefault();
  });
  box.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey) return;
      const area = laneOf().getBoundingClientRect();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, Math.min(Math.max((event.clientX - area.left) / area.width, 0), 1));
      event.preventDefault();
    },
    { passive: false },
  );
  box.addEventListener('pointerdown', (event) => {
    if (event.button === 0 && event.pointerType === 'mouse' && !event.target.closest('button'))
      grip = { x: event.clientX, from: state.from, to: state.to };
  });
  box.addEventListener('pointermove', (event) => {
    if (!grip || event.buttons === 0) {
      grip = null;
      return;
    }
    const cycles = ((grip.x - event.clientX) / laneOf().getBoundingClientRect().width) * (grip.to - grip.from);
    showTime(grip.from + cycles, grip.to + cycles);
  });
  box.addEventListener('pointerup', () => {
    grip = null;
  });
  box.addEventListener('dblclick', () => showTime(0, end));
}

function showTimeline() {
  const lanes = [],
    overview = makeOverview(lanes),
    detail = make('div', { class: 'wides' }),
    axis = make('div', { class: 'axis-line' }),
    range = make('output', {}),
    heading = make('h3', {});
  const box = make(
    'div',
    { class: 'time', tabindex: 0, role: 'group', 'aria-label': 'timeline; arrow keys move, plus and minus zoom, Home shows all' },
    make('div', { class: 'row' }, make('span', { class: 'label' }, 'cycle'), axis),
    detail,
    make('h3', {}, 'all cores ', make('small', {}, threads.join(', ') + ' of each')),
    overview,
  );
  byId('timeline').append(
    make(
      'p',
      { class: 'controls' },
      button('−', 'zoom out', () => zoom(2)),
      button('+', 'zoom in', () => zoom(0.5)),
      button('←', 'earlier', () => pan(-0.25)),
      button('→', 'later', () => pan(0.25)),
      button('all', 'show all', () => showTime(0, end)),
      range,
    ),
    makeLegend(),
    heading,
    box,
    make(
      'p',
      { class: 'note' },
      (page.resolution > 0 ? 'Slices shorter than ' + count(page.resolution) + ' cycles are joined (hatched); their sums are exact. ' : '') +
        'Drag to move, Ctrl and the wheel to zoom, or the keys ← → + − Home.',
    ),
  );
  const paintTime = () => {
    range.textContent = count(state.from) + ' … ' + count(state.to) + ' of ' + count(end) + ' cycles';
    lanes.forEach((svg) => svg.setAttribute('viewBox', state.from + ' 0 ' + (state.to - state.from) + ' 1'));
    fillAxis(axis);
    fillDetail(detail);
  };
  const paintCore = () => {
    heading.textContent = 'core ' + coreName(state.core);
    overview.querySelectorAll('.row').forEach((row) => row.classList.toggle('chosen', Number(row.dataset.core) === state.core));
    fillDetail(detail);
  };
  controlTime(box, () => axis);
  tipFor(detail, (event) => event.target.tip);
  paintTime();
  paintCore();
  watchers.time.push(paintTime);
  watchers.core.push(paintCore);
  new ResizeObserver(() => {
    box.style.setProperty('--gutter', overview.offsetWidth - overview.clientWidth - 2 + 'px'); /* the lanes above end where those that scroll do */
    fillAxis(axis);
    fillDetail(detail);
  }).observe(box);
}
