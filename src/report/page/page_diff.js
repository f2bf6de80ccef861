/* Two texts, line by line: side by side or one below the other.  Lines come with their marks, ' ', '-' and '+', from the report. */

const context = 3; /* lines kept around a change */

const lineCount = (text, mark) => text.split('\n').filter((line) => line[0] === mark).length;

/* Filled when it is opened: most are not. */
function lazyDetails(summary, build) {
  const details = make('details', {}, make('summary', {}, summary));
  details.addEventListener('toggle', () => {
    if (details.open && details.children.length === 1) details.append(build());
  });
  return details;
}

const foldedTable = (summary, head, rows, numeric) => lazyDetails(summary, () => table(head, rows, numeric, summary));

/* Rows {left, right, leftLine, rightLine}: lines that are in one text only stand beside each other as far as they go. */
function pairLines(text) {
  const rows = [];
  let gone = [],
    came = [],
    at = [0, 0];
  const flush = () => {
    for (let i = 0; i < Math.max(gone.length, came.length); i++)
      rows.push({
        left: gone[i],
        right: came[i],
        leftLine: i < gone.length ? at[0] - gone.length + i + 1 : null,
        rightLine: i < came.length ? at[1] - came.length + i + 1 : null,
        changed: true,
      });
    gone = [];
    came = [];
  };
  for (const line of text.split('\n')) {
    if (line[0] === '-') {
      gone.push(line.slice(1));
      at[0]++;
    } else if (line[0] === '+') {
      came.push(line.slice(1));
      at[1]++;
    } else {
      flush();
      at = [at[0] + 1, at[1] + 1];
      rows.push({ left: line.slice(1), right: line.slice(1), leftLine: at[0], rightLine: at[1], changed: false });
    }
  }
  flush();
  return rows;
}

/* What two lines that stand beside each other have at both ends stays plain, where that is much of them. */
function markedLine(own, other, style) {
  if (own === undefined) return [];
  if (other === undefined || own === other) return [own];
  let head = 0,
    tail = 0;
  const most = Math.min(own.length, other.length);
  while (head < most && own[head] === other[head]) head++;
  while (tail < most - head && own[own.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
  if (2 * (head + tail) < most) return [own];
  return [own.slice(0, head), make('mark', { class: style }, own.slice(head, own.length - tail)), own.slice(own.length - tail)];
}

function sideRow(row) {
  const cell = (content, style) => make('td', { class: 'code ' + style }, ...content),
    number = (n) => make('td', { class: 'line-number' }, n === null ? '' : String(n));
  return make(
    'tr',
    { class: row.changed ? 'changed' : 'same' },
    number(row.leftLine),
    cell(row.changed ? markedLine(row.left, row.right, 'cut') : [row.left], row.changed && row.left !== undefined ? 'removed' : 'kept'),
    number(row.rightLine),
    cell(row.changed ? markedLine(row.right, row.left, 'put') : [row.right], row.changed && row.right !== undefined ? 'added' : 'kept'),
  );
}

function belowRow(row) {
  const out = [],
    one = (n, mark, content, style) => make('tr', { class: row.changed ? 'changed' : 'same' }, make('td', { class: 'line-number' }, String(n)), make('td', { class: 'code ' + style }, mark, ...content));
  if (!row.changed) return [one(row.rightLine, '  ', [row.right], 'kept')];
  if (row.left !== undefined) out.push(one(row.leftLine, '- ', markedLine(row.left, row.right, 'cut'), 'removed'));
  if (row.right !== undefined) out.push(one(row.rightLine, '+ ', markedLine(row.right, row.left, 'put'), 'added'));
  return out;
}

/* All removed lines of a change stand before all that were added. */
function belowRows(rows) {
  const cells = rows.flatMap(belowRow);
  return [...cells.filter((tr) => tr.lastChild.classList.contains('removed')), ...cells.filter((tr) => !tr.lastChild.classList.contains('removed'))];
}

/* Neighbours that changed, or did not, as {changed, rows}. */
function runsOf(rows) {
  const runs = [];
  for (const row of rows)
    if (runs.length && runs[runs.length - 1].changed === row.changed) runs[runs.length - 1].rows.push(row);
    else runs.push({ changed: row.changed, rows: [row] });
  return runs;
}

/* Lines far from every change fold to one that opens. */
function fillDiff(body, runs, isBeside) {
  const show = (rows) => (isBeside ? rows.map(sideRow) : rows[0] && rows[0].changed ? belowRows(rows) : rows.flatMap(belowRow)),
    columns = isBeside ? 4 : 2;
  body.replaceChildren(
    ...runs.flatMap((run, i) => {
      const before = i === 0 ? 0 : context,
        after = i === runs.length - 1 ? 0 : context,
        hidden = run.changed ? [] : run.rows.slice(before, run.rows.length - after);
      if (hidden.length < 2) return show(run.rows);
      const fold = make('tr', { class: 'fold-row' }),
        open = make('button', { type: 'button', class: 'fold', onclick: () => fold.replaceWith(...show(hidden)) }, '⋯ ' + hidden.length + ' lines unchanged');
      fold.append(make('td', { colspan: columns }, open));
      return [...show(run.rows.slice(0, before)), fold, ...show(run.rows.slice(run.rows.length - after))];
    }),
  );
}

/* A view of the difference `text` with its controls; `names` are those of the old and the new text. */
function diffView(text, names) {
  const runs = runsOf(pairLines(text)),
    head = make('thead', {}),
    body = make('tbody', {}),
    box = make('div', { class: 'scroll code-box', tabindex: 0, role: 'region', 'aria-label': names[0] + ' against ' + names[1] }, make('table', { class: 'diff' }, head, body)),
    told = make('output', {});
  let isBeside = true,
    at = -1;
  const starts = () => [...body.querySelectorAll('tr.changed')].filter((tr) => !tr.previousElementSibling || !tr.previousElementSibling.classList.contains('changed'));
  const go = (by) => {
    const all = starts();
    if (!all.length) return;
    at = (at + by + all.length) % all.length;
    body.querySelectorAll('tr.at').forEach((tr) => tr.classList.remove('at'));
    all[at].classList.add('at');
    box.scrollTop = all[at].offsetTop - box.clientHeight / 3;
    told.textContent = 'change ' + (at + 1) + ' of ' + all.length;
  };
  const layout = make('button', { type: 'button', class: 'layout', onclick: () => paint(!isBeside) }, '');
  const paint = (beside) => {
    isBeside = beside;
    at = -1;
    layout.textContent = beside ? 'one below the other' : 'side by side';
    head.replaceChildren(
      make(
        'tr',
        {},
        ...(beside ? names.flatMap((name) => [make('th', { class: 'line-number' }), make('th', { scope: 'col' }, name)]) : [make('th', { class: 'line-number' }), make('th', { scope: 'col' }, names.join(' → '))]),
      ),
    );
    fillDiff(body, runs, beside);
    body.parentNode.classList.toggle('beside', beside);
    told.textContent = starts().length + ' changes';
  };
  box.addEventListener('keydown', (event) => {
    const by = { n: 1, p: -1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    go(by);
    event.preventDefault();
  });
  paint(!window.matchMedia('(max-width: 760px)').matches);
  return make(
    'div',
    {},
    make('p', { class: 'controls' }, layout, button('↑', 'previous change', () => go(-1)), button('↓', 'next change', () => go(1)), told, make('span', { class: 'note' }, 'keys in the text: n, p')),
    box,
  );
}
