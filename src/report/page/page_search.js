/* Why this plan: what binds, what each limit costs, what another way for each transfer would cost, and what came behind it. */

const against = (cost, best) =>
  cost === best
    ? 'equal'
    : (cost > best ? '+' : '−') + count(Math.abs(cost - best)) + ' (' + ((100 * Math.abs(cost - best)) / best).toFixed(2) + ' %)';

/* "+3.20 %": how much more than `y` it is. */
function ratioText(x, y) {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return '–';
  if (x === y) return 'equal';
  return y ? (x > y ? '+' : '−') + ((100 * Math.abs(x - y)) / y).toFixed(2) + ' %' : '–';
}

function splitBars(split, total) {
  const rows = Object.entries(split).sort((a, b) => b[1] - a[1]);
  return make(
    'div',
    { class: 'bars' },
    ...rows.map(([name, cycles]) => {
      const bar = make('span', { class: 'length' });
      bar.style.width = 100 * Math.min(cycles / total, 1) + '%';
      return make(
        'div',
        { class: 'bar-row' },
        make('span', {}, name),
        make('span', { class: 'track' }, bar),
        make('span', { class: 'number' }, count(cycles)),
      );
    }),
  );
}

function showPlan(box, s, plan) {
  const rows = [];
  if (s.plan && s.plan.mapping)
    rows.push(['mapping', s.plan.mapping + (s.plan.split ? ' on ' + s.plan.split : '')], ['loop order', s.plan.loop_order]);
  for (const [name, label] of Object.entries((s.plan || {}).broadcast || {}))
    rows.push(['load ' + name, label + (s.plan.hoist && s.plan.hoist[name] ? ', lifted over ' + s.plan.hoist[name] + ' loops' : '')]);
  for (const [name, size] of Object.entries((s.plan || {}).block_sizes || {})) rows.push([name, datum('plan.block_sizes.' + name, size, count(size))]);
  const told = [
    ['searched', 'candidates', ' mappings and orders'],
    ['variants kept', 'variants', ''],
    ['points of the winner', 'points', ''],
    ['feasible', 'feasible', ''],
    ['bytes of DRAM, by the plan', 'dram_bytes', ' B'],
  ]
    .filter(([, key]) => Number.isFinite(s[key]))
    .map(([name, key, unit]) => [name, datum(key, s[key], count(s[key]) + unit)])
    .concat(
      Object.entries(s.cost_split || {}).map(([name, cycles]) => [name + ' alone', datum('cost_split.' + name, cycles, count(cycles) + ' cycles')]),
      [
        ['proof', s.proof],
        ['model', plan ? plan.model : null],
      ].filter(([, value]) => typeof value === 'string'),
    );
  if (rows.length || told.length)
    box.append(make('div', { class: 'two' }, table(['decision', 'value'], rows, [], 'the plan'), table(['search', 'value'], told, [], 'how sure')));
}

function showSearch() {
  const box = byId('search'),
    s = page.summary || {},
    e = page.explain,
    best = s.predicted_cycles || page.predicted_cycles;
  showPlan(box, s, page.plan);
  if (e) {
    box.append(
      make('h3', {}, 'What binds'),
      make(
        'p',
        {},
        e.binding + (e.ties ? '. ' + count(e.ties) + ' other' + (e.ties > 1 ? 's take' : ' takes') + ' the same time; the first wins.' : '.'),
      ),
    );
    box.append(make('p', { class: 'note' }, 'Cycles of each term if the others took no time:'), splitBars(e.cost_split || {}, best));
    if ((e.limits || []).length)
      box.append(
        make('h3', {}, 'Limits'),
        table(
          ['costs', 'without it', 'limit'],
          e.limits.map((l) => [l.cost_without < best ? count(best - l.cost_without) + ' cycles' : 'nothing', count(l.cost_without), l.limit]),
          [1],
          'limits',
        ),
      );
    if ((e.moves || []).length)
      box.append(
        make('h3', {}, 'Another way for each transfer'),
        table(
          ['transfer', 'from', 'to', 'cycles'],
          e.moves.map((t) => [t.access, t.from, t.to, t.why || against(t.cost, best)]),
          [],
          'other ways',
        ),
      );
  } else if (s.cost_split) {
    box.append(make('h3', {}, 'Cost split'), splitBars(s.cost_split, best));
  }
  if (page.topk && page.topk.length) {
    box.append(
      make('h3', {}, 'The best and the runners-up'),
      table(
        ['', 'cycles', 'behind', 'block sizes', 'variant'],
        page.topk.map((row, i) => [
          String(i + 1),
          row.cost === undefined ? row.status : count(row.cost),
          row.cost === undefined ? '–' : i === 0 ? '' : against(row.cost, page.topk[0].cost),
          Object.entries(row.block_sizes || {})
            .map(([k, v]) => k + '=' + v)
            .join(' '),
          row.name,
        ]),
        [1, 2],
        'variants',
      ),
    );
    if (e && e.runner_up) box.append(make('p', {}, 'The first that is slower, ' + e.runner_up.name + ', loses by ' + e.runner_up.why_lost + '.'));
  }
  if (!e)
    box.append(
      make(
        'p',
        { class: 'note' },
        'What binds was not asked: loom compile --explain says it where a search is large.',
      ),
    );
}
