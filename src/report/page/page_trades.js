/* The plans that no other beats in cycles without taking more bytes: those of L1 and DRAM that the search found. */

const sizesText = (sizes) => Object.entries(sizes || {}).map(([k, v]) => k + '=' + v).join(' ');

function tradeText(trade) {
  return count(trade.cost) + ' cycles, ' + Object.entries(trade.bytes).map(([memory, n]) => memory + ' ' + bytes(n)).join(', ') + ': ' + sizesText(trade.block_sizes) + ' (' + trade.name + ')';
}

function showTrades() {
  const box = byId('trades'),
    trades = page.pareto || (page.explain || {}).pareto || [];
  if (!trades.length) {
    box.append(
      make('p', { class: 'note' }, 'Not asked here: the search was long, ended early, or under another model than ours. loom explore KERNEL --pareto lists the trades of any search.'),
    );
    return;
  }
  const memories = Object.keys(trades[0].bytes),
    first = memories[0];
  /* Ascending cycles: on the front of the first memory is what needs less of it than all before. */
  const points = trades.map((trade, i) => {
    const on = trades.slice(0, i).every((before) => before.bytes[first] > trade.bytes[first]);
    return { x: trade.bytes[first], y: trade.cost, on, style: i === 0 ? 'chosen' : on ? '' : 'aside', chosen: i === 0, text: tradeText(trade) };
  });
  const axis = { name: first + ' bytes of a core', text: bytes, log: true };
  box.append(
    make(
      'div',
      { class: 'two' },
      makePlot('trades: cycles against bytes of ' + first, [axis, { name: 'cycles', text: short, log: true }], points, true),
      make(
        'p',
        { class: 'note' },
      'The line joins what is best for the bytes of ' + first + ' alone; paler points take more cycles and ' + first + ', but fewer bytes elsewhere. The largest point is the plan of this page.' +
        (page.pareto_is_complete === false ? ' Not all: the search for them has a budget (loom explore KERNEL --pareto goes on).' : ''),
      ),
    ),
    foldedTable(
      'the ' + trades.length + ' trades as a table',
      ['cycles', ...memories.map((memory) => 'bytes, ' + memory), 'block sizes', 'variant'],
      trades.map((trade) => [count(trade.cost), ...memories.map((memory) => count(trade.bytes[memory])), sizesText(trade.block_sizes), trade.name]),
      [0, ...memories.map((_, i) => i + 1)],
    ),
  );
}
