'use strict';
/* What every page of ours shares: the data, elements, tables, numbers, the tip beside the pointer, light and dark.
   Text from the data reaches the page through textContent and attributes only. */

const page = JSON.parse(document.getElementById('data').textContent);

/* ---- elements ---- */

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
const make = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) => fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
const byId = (id) => document.getElementById(id);
const button = (text, label, action, attributes) => make('button', { type: 'button', 'aria-label': label, onclick: action, ...attributes }, text);
/* A number of summary.json as it is there, under its key, and as people read it. */
const datum = (key, value, text) => make('data', { value, 'data-key': key }, text);

/* A table; cells are text or elements, `numeric` holds the columns that are aligned right, `label` is its name for who cannot see the heading. */
function table(head, rows, numeric = [], label = null) {
  const cell = (tag, column, content) =>
    make(tag, { class: numeric.includes(column) ? 'number' : null, scope: tag === 'th' ? 'col' : null }, content);
  return make(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label || head.join(', ') },
    make(
      'table',
      {},
      make('thead', {}, make('tr', {}, ...head.map((text, i) => cell('th', i, text)))),
      make('tbody', {}, ...rows.map((row) => make('tr', {}, ...row.map((content, i) => cell('td', i, content))))),
    ),
  );
}

/* ---- numbers ---- */

const count = (n) => Math.round(n).toLocaleString('en-US');
const percent = (part, whole) => (whole > 0 ? ((100 * part) / whole).toFixed(part > 0 && part / whole < 0.1 ? 1 : 0) + ' %' : '–');
function short(n) {
  for (const [size, unit] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ])
    if (n >= size) return (n / size).toFixed(n < 10 * size ? 1 : 0).replace(/\.0$/, '') + unit;
  return String(n);
}
const bytes = (n) =>
  n < 1000 ? n + ' B' : n < 1e6 ? (n / 1e3).toFixed(1) + ' kB' : n < 1e9 ? (n / 1e6).toFixed(2) + ' MB' : (n / 1e9).toFixed(2) + ' GB';
/* Distances of 1, 2 or 5 times a power of ten, so that at most `most` of them cover `span`. */
function niceStep(span, most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(span / most, 1)));
  return [1, 2, 5, 10].map((k) => k * power).find((step) => span / step <= most) || 10 * power;
}

/* ---- the tip beside the pointer ---- */

function tipFor(container, textOf) {
  const tip = byId('tip');
  container.addEventListener('pointermove', (event) => {
    const text = textOf(event);
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    tip.style.left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8) + 'px';
    tip.style.top = (event.clientY + 18 + tip.offsetHeight > window.innerHeight ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18) + 'px';
  });
  container.addEventListener('pointerleave', () => {
    tip.hidden = true;
  });
}

/* ---- light and dark; parts ---- */

function switchTheme() {
  const root = document.documentElement,
    isDark = root.dataset.theme ? root.dataset.theme === 'dark' : window.matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = isDark ? 'light' : 'dark';
}
byId('theme').addEventListener('click', switchTheme);

/* Every part on its own: what is damaged takes only what is drawn from it. */
function showPart(id, show) {
  try {
    show();
  } catch (error) {
    byId(id).append(make('p', { class: 'warning' }, 'The rest of this part cannot be drawn: ' + error.message));
  }
}
