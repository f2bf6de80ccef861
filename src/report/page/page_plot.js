/* A chart of points.  The keys ← → move from point to point (Home and End to the ends); the one that has the focus is told below the chart, and so is the one under the pointer.
   `axes`: [x, y], each {name, text, log}.  `points`: {x, y, text, style, path}; those with `path` of the same name are joined in their order; `stairs` joins by steps. */

const plot = { width: 680, height: 340, left: 74, right: 18, top: 14, bottom: 50 };

function scaleOf(values, log, from, to) {
  const low = Math.min(...values),
    high = Math.max(...values),
    of = log ? Math.log : (v) => v,
    span = of(high) - of(low) || 1,
    pad = high > low ? 0.04 : 0.5;
  return (v) => from + (pad + ((1 - 2 * pad) * (of(v) - of(low))) / span) * (to - from);
}

/* Round values across what is shown, at most `most`. */
function ticksOf(values, log, most) {
  const low = Math.min(...values),
    high = Math.max(...values);
  if (!log || high / low < 4) {
    const step = niceStep(high - low || 1, most);
    return Array.from({ length: most + 2 }, (_, i) => Math.ceil(low / step) * step + i * step).filter((v) => v <= high);
  }
  const all = Array.from({ length: 60 }, (_, i) => 2 ** i).filter((v) => v >= low && v <= high);
  return all.filter((_, i) => i % Math.ceil(all.length / most) === 0);
}

function makeGrid(svg, axes, points, scales) {
  const size = { x: plot.width, y: plot.height },
    text = (x, y, content, anchor, style) => draw('text', { x, y, 'text-anchor': anchor, class: style || null, 'aria-hidden': 'true' }, content);
  for (const v of ticksOf(points.map((p) => p.x), axes[0].log, 8))
    svg.append(
      draw('line', { x1: scales[0](v), x2: scales[0](v), y1: plot.top, y2: size.y - plot.bottom, class: 'grid' }),
      text(scales[0](v), size.y - plot.bottom + 16, axes[0].text(v), 'middle'),
    );
  for (const v of ticksOf(points.map((p) => p.y), axes[1].log, 6))
    svg.append(
      draw('line', { x1: plot.left, x2: size.x - plot.right, y1: scales[1](v), y2: scales[1](v), class: 'grid' }),
      text(plot.left - 8, scales[1](v) + 4, axes[1].text(v), 'end'),
    );
  svg.append(text((plot.left + size.x - plot.right) / 2, size.y - 8, axes[0].name, 'middle', 'title'));
  const side = text(0, 0, axes[1].name, 'middle', 'title');
  side.setAttribute('transform', 'translate(14 ' + (plot.top + size.y - plot.bottom) / 2 + ') rotate(-90)');
  svg.append(side);
}

/* Focus goes from one of `items` to the next; one of them is in the order of Tab. */
function roving(container, items, first) {
  items.forEach((item, i) => item.setAttribute('tabindex', i === first ? 0 : -1));
  container.addEventListener('keydown', (event) => {
    const at = items.indexOf(event.target),
      to = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: items.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    if (!items[to]) return;
    items.forEach((item, i) => item.setAttribute('tabindex', i === to ? 0 : -1));
    items[to].focus();
  });
}

function makePlot(label, axes, points, stairs) {
  const scales = [
    scaleOf(points.map((p) => p.x), axes[0].log, plot.left, plot.width - plot.right),
    scaleOf(points.map((p) => p.y), axes[1].log, plot.height - plot.bottom, plot.top),
  ];
  const svg = draw('svg', { class: 'roof', viewBox: '0 0 ' + plot.width + ' ' + plot.height, role: 'group', 'aria-label': label + '; arrow keys go from point to point' }),
    told = make('p', { class: 'note told' }, '\u00a0');
  makeGrid(svg, axes, points, scales);
  const line = points.filter((p) => p.on);
  if (line.length > 1) {
    const at = line.map((p) => [scales[0](p.x), scales[1](p.y)]);
    svg.append(
      draw('path', { class: 'front', d: 'M' + at.map(([x, y], i) => (i && stairs ? x + ' ' + at[i - 1][1] + 'L' : '') + x + ' ' + y).join('L'), 'aria-hidden': 'true' }),
    );
  }
  const tell = (p) => () => (told.textContent = p.text);
  const dots = points.map((p) => {
    const dot = draw('circle', { cx: scales[0](p.x), cy: scales[1](p.y), r: p.on ? 6 : 4.5, class: 'point ' + (p.style || ''), role: 'img', 'aria-label': p.text, 'data-x': p.x, 'data-y': p.y });
    dot.addEventListener('focus', tell(p));
    dot.addEventListener('pointerenter', tell(p));
    return dot;
  });
  svg.append(...dots);
  roving(svg, dots, Math.max(points.findIndex((p) => p.chosen), 0));
  return make('div', { class: 'chart' }, svg, told);
}
