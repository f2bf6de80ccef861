/* Arithmetic intensity against speed, both logarithmic: the roof of the chip's units and DRAM, and the points of the run and of the model. */

const roof = { width: 680, height: 360, left: 64, right: 20, top: 20, bottom: 56 };

function showRoofline() {
  const moved = page.sim.dram_bytes_read + page.sim.dram_bytes_written,
    slope = page.machine.dram_bytes_per_cycle,
    peaks = page.machine.units.filter((unit) => unit.flops_per_cycle > 0);
  if (!(page.flops > 0) || !Number.isFinite(page.flops) || !moved || !slope || peaks.length === 0 || end === 0) {
    byId('roofline').append(
      make(
        'p',
        {},
        page.flops
          ? 'The machine does not tell the rates of its units and DRAM.'
          : 'The directory does not tell how much arithmetic the kernel has: report.json, which loom compile writes, is missing or says nothing of it.',
      ),
    );
    return;
  }
  const main = peaks.filter((unit) => unit.kind === 'matrix').sort((a, b) => b.flops_per_cycle - a.flops_per_cycle)[0] || peaks[0],
    best = main.flops_per_cycle,
    intensity = page.flops / moved,
    speed = page.flops / end;
  const points = [{ name: 'simulated', x: intensity, y: speed, style: 'point' }];
  if (page.predicted_cycles) points.push({ name: 'predicted', x: intensity, y: page.flops / page.predicted_cycles, style: 'point model' });
  const xs = [Math.min(intensity, best / slope) / 8, Math.max(intensity, best / slope) * 8],
    ys = [Math.min(...points.map((p) => p.y), slope * xs[0] * 4) / 4, Math.max(...peaks.map((unit) => unit.flops_per_cycle)) * 3];
  const scale = (v, [low, high], from, to) => from + ((Math.log(v) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from);
  const x = (v) => scale(v, xs, roof.left, roof.width - roof.right),
    y = (v) => scale(v, ys, roof.height - roof.bottom, roof.top);
  const svg = draw('svg', {
    class: 'roof',
    viewBox: '0 0 ' + roof.width + ' ' + roof.height,
    role: 'img',
    'aria-label': 'roofline: ' + intensity.toPrecision(3) + ' operations a byte, ' + speed.toPrecision(4) + ' operations a cycle',
  });
  const text = (px, py, content, anchor, style) => draw('text', { x: px, y: py, 'text-anchor': anchor || 'start', class: style || null }, content);
  const powers = ([low, high]) => Array.from({ length: 60 }, (_, i) => 10 ** (i - 20)).filter((v) => v >= low && v <= high);
  for (const v of powers(xs))
    svg.append(
      draw('line', { x1: x(v), x2: x(v), y1: roof.top, y2: roof.height - roof.bottom, class: 'grid' }),
      text(x(v), roof.height - roof.bottom + 16, v < 1 ? String(v) : short(v), 'middle'),
    );
  for (const v of powers(ys))
    svg.append(
      draw('line', { x1: roof.left, x2: roof.width - roof.right, y1: y(v), y2: y(v), class: 'grid' }),
      text(roof.left - 8, y(v) + 4, v < 1 ? String(v) : short(v), 'end'),
    );
  svg.append(text((roof.left + roof.width - roof.right) / 2, roof.height - 8, 'operations for each byte of DRAM', 'middle', 'title'));
  const side = text(0, 0, 'operations a cycle', 'middle', 'title');
  side.setAttribute('transform', 'translate(14 ' + (roof.top + roof.height - roof.bottom) / 2 + ') rotate(-90)');
  svg.append(side);
  const bandTop = Math.min(best / slope, xs[1]);
  const slopeLow = Math.max(xs[0], ys[0] / slope);
  svg.append(draw('line', { x1: x(slopeLow), y1: y(slope * slopeLow), x2: x(bandTop), y2: y(slope * bandTop), class: 'roofline' }));
  const middle = Math.sqrt(slopeLow * bandTop);
  svg.append(text(x(middle) + 14, y(slope * middle) + 18, 'DRAM ' + count(slope) + ' B a cycle'));
  let above = roof.height; /* of the label below: labels of roofs that lie close go apart */
  for (const unit of peaks.filter((peak) => peak.flops_per_cycle > ys[0]).sort((a, b) => a.flops_per_cycle - b.flops_per_cycle)) {
    const level = y(unit.flops_per_cycle);
    above = Math.min(level - 7, above - 24);
    svg.append(
      draw('line', {
        x1: x(Math.max(Math.min(unit.flops_per_cycle / slope, xs[1]), slopeLow)),
        y1: level,
        x2: roof.width - roof.right,
        y2: level,
        class: unit === main ? 'roofline' : 'roofline other',
      }),
      text(roof.width - roof.right, above, unit.name + ' ' + count(unit.flops_per_cycle), 'end'),
    );
  }
  points.forEach((point) =>
    svg.append(
      draw(
        'circle',
        { cx: x(point.x), cy: y(point.y), r: point.style === 'point' ? 6 : 9, class: point.style },
        draw('title', {}, point.name + ': ' + count(point.y) + ' operations a cycle'),
      ),
    ),
  );
  const bound = intensity * slope < best ? 'DRAM' : 'arithmetic',
    limit = Math.min(intensity * slope, best),
    hz = page.machine.clock_hz;
  byId('roofline').append(
    make(
      'div',
      { class: 'two' },
      make(
        'div',
        {},
        svg,
        make('p', { class: 'legend' }, ...points.map((p) => make('span', { class: 'key' }, make('i', { class: 'dot ' + p.style }), p.name))),
      ),
      table(
        ['figure', 'value'],
        [
          ['operations', count(page.flops)],
          ['bytes from and to DRAM', count(moved)],
          ['operations a byte', intensity.toPrecision(4)],
          ['operations a cycle', count(speed) + (hz ? ' (' + short(speed * hz) + '/s)' : '')],
          ['of the roof there (' + bound + ')', percent(speed, limit)],
          ['of the ' + main.name + ' units', percent(speed, best)],
          ['of the DRAM bandwidth', percent(moved / end, slope)],
        ],
        [1],
      ),
    ),
  );
}
