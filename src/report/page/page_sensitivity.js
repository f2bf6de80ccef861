/* Cycles when one block size changes and all else stays: a chart for each size that has another value. */

function sensitivityOf(symbol, steps, best) {
  const known = steps.filter((step) => step.cost !== undefined && step.to !== undefined),
    broken = steps.filter((step) => step.cost === undefined),
    from = steps[0].from;
  const points = known
    .map((step) => ({ x: step.to, y: step.cost, on: true, text: symbol + ' = ' + count(step.to) + ': ' + count(step.cost) + ' cycles, ' + against(step.cost, best) }))
    .concat([{ x: from, y: best, on: true, chosen: true, style: 'chosen', text: symbol + ' = ' + count(from) + ': ' + count(best) + ' cycles, as chosen' }])
    .sort((a, b) => a.x - b.x);
  const least = Math.min(...known.map((step) => step.cost)),
    most = Math.max(...known.map((step) => step.cost));
  return make(
    'div',
    { class: 'sense', 'data-symbol': symbol },
    make('h3', {}, symbol, make('small', {}, count(from) + ' chosen; others ' + ratioText(least, best) + (most > least ? ' … ' + ratioText(most, best) : ''))),
    makePlot(symbol + ': cycles against its size', [{ name: symbol, text: count }, { name: 'cycles', text: short }], points),
    broken.length
      ? make('ul', { class: 'note' }, ...broken.map((step) => make('li', {}, (step.to === undefined ? '' : count(step.to) + ': ') + (step.why || 'not possible'))))
      : null,
  );
}

function showSensitivity() {
  const box = byId('sensitivity'),
    steps = page.sensitivity || (page.explain || {}).steps || [],
    s = page.summary || {},
    best = s.predicted_cycles || page.predicted_cycles,
    symbols = [...new Set(steps.map((step) => step.symbol))],
    of = (symbol) => steps.filter((step) => step.symbol === symbol),
    moving = symbols.filter((symbol) => of(symbol).some((step) => step.cost !== undefined && step.to !== undefined)),
    fixed = symbols.filter((symbol) => !moving.includes(symbol));
  if (!symbols.length || !(best > 0)) {
    box.append(make('p', { class: 'note' }, 'Nothing is known of other sizes: the plan was replayed, or made under another model than ours.'));
    return;
  }
  if (moving.length) box.append(make('div', { class: 'senses' }, ...moving.map((symbol) => sensitivityOf(symbol, of(symbol), best))));
  if (fixed.length)
    box.append(
      table(
        ['size', 'value', 'why no other'],
        fixed.map((symbol) => [symbol, count(of(symbol)[0].from), [...new Set(of(symbol).map((step) => step.why || ''))].join('; ')]),
        [1],
        'sizes that do not move',
      ),
    );
  box.append(
    foldedTable(
      'all ' + steps.length + ' steps as a table',
      ['size', 'from', 'to', 'cycles'],
      steps.map((step) => [step.symbol, count(step.from), step.to === undefined ? '–' : count(step.to), step.cost === undefined ? step.why || '–' : count(step.cost) + ', ' + against(step.cost, best)]),
      [1, 2],
    ),
  );
}
