/* The page of a kernel on several chips: loom.chips_page.v1.  What the summary knows is shown as it is there, under its key. */

const about = page.summary ? page.summary.chips : null;
const figure = (name, value, note) => make('div', { class: 'figure' }, make('dt', {}, name), make('dd', {}, value, note ? make('div', { class: 'note' }, note) : null));
const known = (key, value, textOf = count) => (value === undefined || value === null ? '–' : datum(key, value, textOf(value)));
const isBusy = (chip) => chip.part >= 0;
const ofStage = (s) => s.kind + ' of ' + s.tensor + ' along ' + s.dim;
/* Names of files may have what has a meaning in an address. */
const addressOf = (path) => path.split('/').map(encodeURIComponent).join('/');
/* Style through the object model: the page's policy forbids it in attributes. */
function styled(element, styles) {
  for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, value);
  return element;
}
const splitText = (split) => split.map((d) => d.name + '=' + (d.loop || 'none')).join(', ');

function showSummary() {
  const predicted = page.summary ? page.summary.predicted_cycles : null,
    busy = page.chips.filter(isBusy).length;
  byId('title').textContent = page.kernel + ' on ' + page.machine.name;
  byId('summary').append(
    make(
      'dl',
      { class: 'figures' },
      figure('simulated', make('span', {}, datum('simulated_cycles', page.cycles, count(page.cycles)), ' cycles'), predicted ? 'from the first packet to the last chip' : null),
      figure('predicted', known('predicted_cycles', predicted), predicted ? percent(predicted, page.cycles) + ' of simulated' : null),
      figure('kernel', known('chips.kernel_cycles', about && about.kernel_cycles), 'predicted, of the largest shard'),
      figure('collectives before it', known('chips.cycles_before', about && about.cycles_before), 'predicted'),
      figure('collectives behind it', known('chips.cycles_behind', about && about.cycles_behind), 'predicted'),
      figure('chips at work', count(busy) + ' of ' + count(page.chips.length), splitText(page.split)),
      figure('DRAM of the fullest chip', known('chips.dram_bytes', about && about.dram_bytes, bytes), about && about.dram_capacity ? 'of ' + bytes(about.dram_capacity) : null),
    ),
  );
}

/* ---- the mesh of chips ---- */

const tile = { width: 150, height: 74, gapX: 64, gapY: 46, margin: 30 };

/* The last dim of the mesh goes to the right, the others go down. */
function placeOf(chip) {
  const dims = page.machine.mesh,
    columns = dims.length ? dims[dims.length - 1].size : 1;
  return { x: tile.margin + (chip % columns) * (tile.width + tile.gapX), y: tile.margin + Math.floor(chip / columns) * (tile.height + tile.gapY) };
}

/* From the side of one chip to that of another; what goes the other way lies beside it, and what is no neighbour on the page goes around. */
function linkPath(from, to) {
  const a = placeOf(from),
    b = placeOf(to),
    dx = Math.sign(b.x - a.x),
    dy = Math.sign(b.y - a.y),
    side = 5,
    start = { x: a.x + (tile.width * (1 + dx)) / 2 - dy * side, y: a.y + (tile.height * (1 + dy)) / 2 + dx * side },
    end = { x: b.x + (tile.width * (1 - dx)) / 2 - dy * side, y: b.y + (tile.height * (1 - dy)) / 2 + dx * side },
    isNear = Math.abs(b.x - a.x) <= tile.width + tile.gapX && Math.abs(b.y - a.y) <= tile.height + tile.gapY,
    bend = isNear ? 0 : tile.margin - side,
    middle = { x: (start.x + end.x) / 2 - dy * (bend + tile.width / 2) * (isNear ? 0 : 1), y: (start.y + end.y) / 2 + dx * (bend + tile.height / 2) * (isNear ? 0 : 1) };
  return 'M' + start.x + ' ' + start.y + 'Q' + middle.x + ' ' + middle.y + ' ' + end.x + ' ' + end.y;
}

/* Bytes by link, of one stage or of all. */
function linksOf(which) {
  const sums = new Map();
  page.stages.forEach((stage, i) => {
    if (which >= 0 && which !== i) return;
    for (const [from, to, n] of stage.links) sums.set(from + ' ' + to, (sums.get(from + ' ' + to) || 0) + n);
  });
  return [...sums].map(([ends, n]) => ({ from: +ends.split(' ')[0], to: +ends.split(' ')[1], bytes: n }));
}

const partText = (chip) => {
  const part = about && about.per_chip[chip] ? about.per_chip[chip].part : {};
  return Object.entries(part).map(([loop, [begin, end]]) => loop + ' ' + begin + '–' + end);
};

function drawMesh(which) {
  const last = placeOf(page.chips.length - 1),
    columns = page.machine.mesh.length ? page.machine.mesh[page.machine.mesh.length - 1].size : 1,
    width = placeOf(columns - 1).x + tile.width + tile.margin,
    links = linksOf(which),
    most = Math.max(1, ...links.map((l) => l.bytes)),
    longest = Math.max(1, ...page.chips.map((c) => c.kernel_cycles)),
    svg = styled(
      draw('svg', {
        class: 'roof', viewBox: '0 0 ' + width + ' ' + (last.y + tile.height + tile.margin), role: 'img', 'aria-label': page.chips.length + ' chips and the bytes over the links between them',
      }),
      { 'max-width': width + 'px', 'min-width': Math.round(0.7 * width) + 'px' },
    );
  for (const l of links)
    svg.append(
      draw('path', {
        class: 'link', d: linkPath(l.from, l.to), 'stroke-width': 1.5 + (6 * l.bytes) / most, 'data-from': l.from, 'data-to': l.to, 'data-bytes': l.bytes,
        'data-tip': 'chip ' + l.from + ' to chip ' + l.to + ': ' + bytes(l.bytes),
      }),
    );
  page.chips.forEach((chip, i) => {
    const at = placeOf(i),
      lines = isBusy(chip) ? partText(i).slice(0, 3) : ['no work'];
    svg.append(
      styled(
        draw('rect', {
          class: isBusy(chip) ? 'chip' : 'chip idle', x: at.x, y: at.y, width: tile.width, height: tile.height, rx: 8, 'data-chip': i,
          'data-tip': 'chip ' + i + ': ' + (isBusy(chip) ? count(chip.kernel_cycles) + ' cycles of kernel' : 'no work'),
        }),
        { '--heat': Math.round((30 * chip.kernel_cycles) / longest) + '%' },
      ),
      draw('text', { class: 'title', x: at.x + 8, y: at.y + 17 }, 'chip ' + i),
      ...lines.map((line, k) => draw('text', { x: at.x + 8, y: at.y + 34 + 15 * k }, line)),
    );
  });
  tipFor(svg, (event) => event.target.getAttribute('data-tip'));
  return svg;
}

function pageOf(chip) {
  const part = isBusy(chip) ? page.parts[chip.part] : null;
  return part && part.page ? make('a', { href: addressOf(part.page) }, part.name) : part ? part.name : '–';
}

function showChips() {
  const holder = make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'the mesh of chips' }),
    redraw = () => holder.replaceChildren(drawMesh(+choice.value)),
    choice = make(
      'select',
      { id: 'stage', onchange: redraw },
      make('option', { value: -1 }, 'all collectives'),
      ...page.stages.map((s, i) => make('option', { value: i }, ofStage(s))),
    );
  redraw();
  byId('chips').append(
    make('p', { class: 'controls' }, make('label', { for: 'stage' }, 'Links carry'), choice),
    holder,
    make('p', { class: 'note' }, 'A line is a link one way, as thick as its bytes; a chip is as dark as its kernel is long.'),
    table(
      ['chip', 'has', 'kernel begins', 'kernel', 'ends', 'DRAM', 'page'],
      page.chips.map((chip, i) => [
        String(i),
        isBusy(chip) ? partText(i).join(', ') : 'no work',
        count(chip.begin),
        count(chip.kernel_cycles),
        count(chip.end),
        known('chips.per_chip.' + i + '.dram_bytes', about && about.per_chip[i] && about.per_chip[i].dram_bytes, bytes),
        pageOf(chip),
      ]),
      [0, 2, 3, 4, 5],
      'what each chip has and when it works',
    ),
  );
}

/* ---- time ---- */

const chart = { width: 1180, left: 66, right: 8, bottom: 26, row: 18 };

/* What chip c does, in order: [first cycle, cycles, kind, text]. */
function worksOf(c) {
  const chip = page.chips[c],
    works = page.stages.flatMap((s) => (s.end[c] > s.begin[c] ? [[s.begin[c], s.end[c] - s.begin[c], s.when, ofStage(s)]] : []));
  if (chip.kernel_cycles) works.push([chip.begin, chip.kernel_cycles, 'kernel', 'kernel']);
  return works.sort((a, b) => a[0] - b[0]);
}

const kinds = { before: 'collectives in front of the kernel', kernel: 'kernel', behind: 'collectives behind it' };

function showTime() {
  const height = chart.row * page.chips.length + chart.bottom,
    full = chart.width - chart.left - chart.right,
    scale = full / Math.max(page.cycles, 1),
    svg = draw('svg', { class: 'roof wide', viewBox: '0 0 ' + chart.width + ' ' + height, role: 'img', 'aria-label': 'what each chip does, cycle by cycle' }),
    step = niceStep(page.cycles, 8);
  for (let v = 0; v <= page.cycles; v += step)
    svg.append(
      draw('line', { x1: chart.left + v * scale, x2: chart.left + v * scale, y1: 0, y2: height - chart.bottom, class: 'grid' }),
      draw('text', { x: chart.left + v * scale, y: height - 8, 'text-anchor': v ? 'middle' : 'start' }, short(v)),
    );
  page.chips.forEach((chip, c) => {
    svg.append(draw('text', { x: chart.left - 6, y: chart.row * c + 13, 'text-anchor': 'end' }, 'chip ' + c));
    for (const [at, cycles, kind, text] of worksOf(c))
      svg.append(
        draw('rect', {
          class: 'work ' + kind, x: chart.left + at * scale, y: chart.row * c + 2, width: Math.max(cycles * scale, 0.5), height: chart.row - 4, 'data-chip': c, 'data-at': at, 'data-cycles': cycles, 'data-kind': kind,
          'data-tip': 'chip ' + c + ', cycle ' + count(at) + ': ' + text + ', ' + count(cycles) + ' cycles',
        }),
      );
  });
  tipFor(svg, (event) => event.target.getAttribute('data-tip'));
  byId('time').append(
    make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'time of every chip' }, svg),
    make(
      'p',
      { class: 'legend' },
      ...Object.entries(kinds).map(([kind, text]) => make('span', { class: 'key' }, make('i', { class: 'work ' + kind }), text)),
    ),
  );
}

/* ---- collectives, splits ---- */

function showCollectives() {
  if (!page.stages.length) {
    byId('collectives').append(make('p', {}, 'None: every chip has what it needs, and its part of the result stays there.'));
    return;
  }
  const busiest = (s) => Math.max(0, ...s.links.map((l) => l[2])),
    key = (i, name) => 'chips.collectives.' + i + '.' + name,
    told = (i) => (about ? about.collectives[i] : null) || {};
  byId('collectives').append(
    table(
      ['collective', 'tensor', 'along', 'kernel', 'bytes', 'links', 'on the busiest', 'predicted cycles', 'simulated'],
      page.stages.map((s, i) => [
        s.kind,
        s.tensor,
        s.dim,
        s.when,
        known(key(i, 'bytes'), told(i).bytes),
        known(key(i, 'links'), told(i).links),
        known(key(i, 'busiest_link_bytes'), told(i).busiest_link_bytes),
        known(key(i, 'predicted_cycles'), told(i).predicted_cycles),
        count(s.cycles),
      ]),
      [4, 5, 6, 7, 8],
      'collectives',
    ),
    make(
      'p',
      { class: 'note' },
      'Bytes over all ' + count(Math.max(...page.stages.map((s) => s.links.length))) + ' links that a collective uses, each way for itself; a link takes ' + page.machine.link_bytes_per_cycle.toFixed(1) +
        ' bytes a cycle. The busiest carries ' + count(Math.max(...page.stages.map(busiest))) + ' bytes. Simulated: from the first chip that begins to the last that has all, links of other collectives in use.',
    ),
  );
}

const reasons = { dram: 'does not fit the DRAM of a chip', plan: 'a shard has no plan', collectives: 'collectives alone take as long as the best' };

/* Collectives and kernel of a split, to scale. */
function costBar(row, most) {
  const piece = (cycles, kind) => styled(make('span', { class: 'work ' + kind }), { width: (100 * cycles) / most + '%' });
  return make('span', { class: 'track parts' }, piece(row.cycles_before, 'before'), piece(row.kernel_cycles, 'kernel'), piece(row.cycles_behind, 'behind'));
}

function showSplits() {
  if (!about) {
    byId('splits').append(make('p', {}, 'The directory has no summary.json.'));
    return;
  }
  const chosen = splitText(about.split),
    key = (i, name) => 'chips.alternatives.' + i + '.' + name,
    most = Math.max(1, ...about.alternatives.map((row) => row.cost || row.cycles_before + row.cycles_behind));
  byId('splits').append(
    table(
      ['split', 'predicted cycles', 'before', 'kernel', 'behind', 'DRAM', '', 'moves'],
      about.alternatives.map((row, i) => [
        row.name === chosen ? make('b', {}, row.name + ' (chosen)') : row.name,
        row.cost === undefined ? '–' : known(key(i, 'cost'), row.cost),
        known(key(i, 'cycles_before'), row.cycles_before),
        known(key(i, 'kernel_cycles'), row.kernel_cycles),
        known(key(i, 'cycles_behind'), row.cycles_behind),
        known(key(i, 'dram_bytes'), row.dram_bytes, bytes),
        row.left_out ? 'left out: ' + reasons[row.left_out] : costBar(row, most),
        row.moves.join('; ') || 'nothing',
      ]),
      [1, 2, 3, 4, 5],
      'splits',
    ),
    make(
      'p',
      { class: 'note' },
      known('chips.splits', about.splits),
      ' splits. Of a product, the split of the rows (data parallel) gathers the weights, those of the columns or of the sum (tensor parallel) gather inputs or sum up results; what each moves is in the last column.',
    ),
  );
}

for (const [id, show] of [
  ['summary', showSummary],
  ['chips', showChips],
  ['time', showTime],
  ['collectives', showCollectives],
  ['splits', showSplits],
])
  showPart(id, show);
