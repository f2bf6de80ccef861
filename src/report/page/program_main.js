/* The page of a whole model: loom.program_report.v1. */

const inMs = page.unit === 'ms';
const timeText = (t) => (inMs ? t.toFixed(3) + ' ms' : count(t));
const figure = (name, value, note) => make('div', { class: 'figure' }, make('dt', {}, name), make('dd', {}, value, note ? make('div', { class: 'note' }, note) : null));

function showSummary() {
  const memory = page.memory,
    title = page.program + ' on ' + page.machine;
  byId('title').textContent = title;
  byId('summary').append(
    make(
      'dl',
      { class: 'figures' },
      figure(page.measured ? (inMs ? 'measured' : 'simulated') : 'predicted', inMs ? timeText(page.time) : count(page.time) + ' cycles'),
      figure('of what the machine allows', percent(page.limit, page.time), timeText(page.limit) + (inMs ? '' : ' cycles') + ' at least'),
      figure('kernels', count(page.kernels.length), count(page.compiled) + ' compiled'),
      figure('memory between kernels', bytes(memory.peak_bytes), memory.proof === 'optimal' ? 'optimal, proved' : 'best found, bound ' + bytes(memory.lower_bound)),
    ),
  );
}

/* ---- bars over time: kernels side by side, as wide as they take ---- */

const chart = { width: 1180, height: 190, left: 66, right: 8, top: 8, bottom: 24 };

function axis(svg, most, textOf) {
  const step = niceStep(most, 4);
  for (let v = 0; v <= most; v += step) {
    const y = chart.height - chart.bottom - ((chart.height - chart.top - chart.bottom) * v) / most;
    svg.append(
      draw('line', { x1: chart.left, x2: chart.width - chart.right, y1: y, y2: y, class: 'grid' }),
      draw('text', { x: chart.left - 6, y: y + 4, 'text-anchor': 'end' }, textOf(v)),
    );
  }
}

/* heightOf: of kernel i, between 0 and `most`. */
function bars(label, most, textOf, heightOf, tipOf, styleOf) {
  const svg = draw('svg', { class: 'roof wide', viewBox: '0 0 ' + chart.width + ' ' + chart.height, role: 'img', 'aria-label': label }),
    full = chart.width - chart.left - chart.right,
    scale = (chart.height - chart.top - chart.bottom) / Math.max(most, 1e-12);
  let at = 0;
  axis(svg, Math.max(most, 1e-12), textOf);
  page.kernels.forEach((kernel, i) => {
    const width = page.time > 0 ? (full * kernel.time) / page.time : full / page.kernels.length,
      height = Math.max(heightOf(i) * scale, 0.5);
    svg.append(
      draw('rect', {
        x: chart.left + at,
        y: chart.height - chart.bottom - height,
        width: Math.max(width - (width > 3 ? 1 : 0), 0.2),
        height,
        fill: 'var(' + styleOf(i) + ')',
        'data-tip': tipOf(i),
      }),
    );
    at += width;
  });
  svg.append(draw('text', { x: chart.width - chart.right, y: chart.height - 6, 'text-anchor': 'end', class: 'title' }, 'time: ' + timeText(page.time) + (inMs ? '' : ' cycles')));
  tipFor(svg, (event) => event.target.getAttribute('data-tip'));
  return svg;
}

const name = (i) => page.kernels[i].name;

function showTime() {
  byId('time').append(
    bars(
      'how far each kernel is from what the machine allows',
      100,
      (v) => v + ' %',
      (i) => Math.min(100 * page.kernels[i].of_limit, 100),
      (i) => name(i) + ': ' + timeText(page.kernels[i].time) + ', ' + percent(page.kernels[i].limit, page.kernels[i].time) + ' of its limit (' + page.kernels[i].bound_by + ')',
      (i) => ({ compute: '--compute', memory: '--read', latency: '--wait-free' })[page.kernels[i].bound_by],
    ),
    make('p', { class: 'note' }, 'Each bar is a kernel, as wide as it takes and as high as it is near to its limit: arithmetic (blue), DRAM (orange), or the wait for its first answer (pale).'),
  );
}

function showMemory() {
  const time = page.memory.over_time;
  const most = Math.max(0, ...time.map((t) => t.bytes + (t.l1_bytes || 0)));
  if (!most) {
    byId('memory').append(make('p', {}, 'No tensors lie between kernels.'));
    return;
  }
  byId('memory').append(
    bars(
      'bytes alive at each kernel',
      most,
      bytes,
      (i) => time[i].bytes + (time[i].l1_bytes || 0),
      (i) => name(i) + ': ' + bytes(time[i].bytes) + ' in DRAM' + (time[i].l1_bytes ? ', ' + bytes(time[i].l1_bytes) + ' in L1' : ''),
      (i) => (time[i].l1_bytes > time[i].bytes ? '--compute' : '--vector'),
    ),
    make(
      'p',
      { class: 'note' },
      'The block is ' + bytes(page.memory.peak_bytes) + '; ' + bytes(page.memory.lower_bound) + ' are alive at once, ' + bytes(page.memory.unshared_bytes) + ' if every tensor had a place of its own.',
    ),
    page.memory.l1 && page.memory.l1.tensors
      ? make(
          'p',
          { class: 'note' },
          count(page.memory.l1.tensors) + ' tensors (' + bytes(page.memory.l1.bytes) + ') stay in L1, bars in blue are mostly those: predicted ' + count(page.memory.l1.predicted_cycles) +
            ' cycles, ' + count(page.memory.l1.predicted_cycles_in_dram) + ' with all in DRAM.',
        )
      : null,
    table(
      ['tensor', 'bytes', 'kernels', 'where', 'why'],
      page.memory.tensors.map((t) => [
        t.name,
        bytes(t.bytes),
        t.first + ' – ' + t.last,
        t.space === 'l1' ? 'L1' : 'DRAM',
        [t.why, t.in_place_of ? 'in place of ' + t.in_place_of : null].filter((s) => s).join('; '),
      ]),
      [1],
    ),
  );
}

function showTuning() {
  byId('tuning').append(
    table(
      ['kernel', 'calls', inMs ? 'time' : 'cycles', 'at most gained', 'of all', 'how'],
      page.tuning.map((t) => [t.kernel, count(t.calls), timeText(t.time), timeText(t.gain), percent(t.gain, page.time), t.advice]),
      [1, 2, 3, 4],
    ),
  );
}

function showKernels() {
  byId('kernels').append(
    table(
      ['kernel', 'line', inMs ? 'time' : 'cycles', 'share', 'of limit', 'bound by', 'plan'],
      page.kernels.map((k) => [k.name, String(k.line), timeText(k.time), percent(k.time, page.time), percent(k.limit, k.time), k.bound_by, k.same_as ? 'as ' + k.same_as : k.proof || '–']),
      [1, 2, 3, 4],
    ),
  );
}

function showFused() {
  const rows = page.kernels
    .filter((k) => !k.same_as)
    .flatMap((k) => [...k.parts.map((part, i) => [i ? '' : k.name, part.op, String(part.line), part.why || '']), ...(k.ends ? [[k.parts.length ? '' : k.name, '', '', 'ends: ' + k.ends]] : [])]);
  byId('fused').append(rows.length ? table(['kernel', 'operation', 'line', 'why'], rows, [2]) : make('p', {}, 'Every kernel is one operation.'));
}

for (const [id, show] of [
  ['summary', showSummary],
  ['time', showTime],
  ['tuning', showTuning],
  ['memory', showMemory],
  ['kernels', showKernels],
  ['fused', showFused],
])
  showPart(id, show);
