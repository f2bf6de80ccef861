// vscode-extension.js ROOT: the extension of editors/vscode with a stand-in for VS Code's API and the real server: what it shows of a kernel, while it is edited.
'use strict';
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const Module = require('module');
const root = process.argv[2];

class Position { constructor(line, character) { Object.assign(this, { line, character }); } }
class Range { constructor(a, b, c, d) { this.start = new Position(a, b); this.end = new Position(c, d); } }
class Emitter {
  constructor() { this.all = []; this.event = (f) => { this.all.push(f); return { dispose() {} }; }; }
  fire(x) { this.all.forEach((f) => f(x)); }
}
const plain = (...names) => class { constructor(...values) { names.forEach((n, i) => { this[n] = values[i]; }); } };
const events = Object.fromEntries(['Open', 'Change', 'Save', 'Close', 'Configuration'].map((n) => [n, new Emitter()]));
const said = { diagnostics: new Map(), warnings: [], log: '' };
const providers = {};
const settings = { path: 'loom', machine: '', kernels: { softmax: { shape: 'x=64x128' } } };

class Document {
  constructor(file, languageId, text) { Object.assign(this, { languageId, text, version: 1, uri: { toString: () => 'file://' + file, fsPath: file } }); }
  getText() { return this.text; }
  edit(line, from, to, text) {
    const lines = this.text.split('\n');
    lines[line] = lines[line].slice(0, from) + text + lines[line].slice(to);
    this.text = lines.join('\n');
    this.version++;
    events.Change.fire({ document: this, contentChanges: [{ range: new Range(line, from, line, to), text }] });
  }
}
const source = fs.readFileSync(path.join(root, 'kernels/softmax.py'), 'utf8');
const document = new Document(path.join(root, 'kernels/softmax.py'), 'python', source);
const provider = (name) => (languages, p) => { providers[name] = p; return { dispose() {} }; };

const vscode = {
  Position, Range,
  Diagnostic: plain('range', 'message', 'severity'), DiagnosticRelatedInformation: plain('location', 'message'), Location: plain('uri', 'range'), Hover: plain('contents', 'range'),
  MarkdownString: plain('value'), CodeLens: plain('range', 'command'), DocumentSymbol: plain('name', 'detail', 'kind', 'range', 'selectionRange'), CompletionItem: plain('label', 'kind'),
  EventEmitter: Emitter,
  Uri: { parse: (s) => s },
  commands: { registerCommand: (name, f) => { providers[name] = f; return { dispose() {} }; } },
  window: { createOutputChannel: () => ({ append(s) { said.log += s; }, appendLine(s) { said.log += s + '\n'; } }), showWarningMessage: (m) => said.warnings.push(m) },
  workspace: {
    workspaceFolders: [{ uri: { toString: () => 'file://' + root, fsPath: root }, name: 'loom' }], textDocuments: [document],
    getConfiguration: () => ({ ...settings, get: (name, other) => settings[name] || other }),
    onDidOpenTextDocument: events.Open.event, onDidChangeTextDocument: events.Change.event, onDidSaveTextDocument: events.Save.event, onDidCloseTextDocument: events.Close.event,
    onDidChangeConfiguration: events.Configuration.event,
  },
  languages: {
    match: (all, d) => (all.some((x) => x.language === d.languageId) ? 10 : 0),
    createDiagnosticCollection: () => ({ set: (uri, list) => said.diagnostics.set(uri, list), clear: () => said.diagnostics.clear() }),
    registerHoverProvider: provider('hover'), registerCodeLensProvider: provider('lens'), registerDocumentSymbolProvider: provider('symbols'), registerCompletionItemProvider: provider('completion'),
  },
};
const load = Module._load;
Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));

async function until(what, f) {
  for (let i = 0; i < 600; i++) {
    const x = await f();
    if (x)
      return x;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`not so: ${what}`);
}

async function main() {
  const extension = require(path.join(root, 'editors/vscode/extension.js'));
  const token = { onCancellationRequested() {} };
  const uri = document.uri.toString();
  const lines = source.split('\n');
  const line = lines.findIndex((l) => l.includes('out = torch.empty_like'));
  await extension.activate({ subscriptions: [] });
  await until('no errors', () => said.diagnostics.has(uri) && said.diagnostics.get(uri).length === 0);
  const hover = await providers.hover.provideHover(document, new Position(line, lines[line].indexOf('out')), token);
  assert.match(hover.contents.value, /float16 \[m=64, n=128\]/);
  await until('a lens', async () => (await providers.lens.provideCodeLenses(document, token))?.some((l) => /^[\d,]+ cycles on wormhole/.test(l.command.title)));
  assert.strictEqual((await providers.symbols.provideDocumentSymbols(document, token))[0].name, 'softmax');
  assert.ok((await providers.completion.provideCompletionItems(document, new Position(line, lines[line].indexOf('empty_like')), token)).length > 50);
  document.edit(line, lines[line].indexOf('(x)') + 1, lines[line].indexOf('(x)') + 2, 'y');
  const wrong = await until('an error', () => said.diagnostics.get(uri)[0]);
  assert.match(wrong.message, /"y" is not defined/);
  assert.strictEqual(wrong.severity, 0);
  assert.deepStrictEqual([wrong.range.start.line, wrong.range.start.character], [line, lines[line].indexOf('(x)') + 1]);
  assert.match(wrong.relatedInformation[0].message, /^help: /);
  document.edit(line, lines[line].indexOf('(x)') + 1, lines[line].indexOf('(x)') + 2, 'x');
  await until('no errors', () => said.diagnostics.get(uri).length === 0);
  settings.machine = 'single';
  events.Configuration.fire({ affectsConfiguration: () => true });
  await until('another machine', async () => (await providers.lens.provideCodeLenses(document, token))?.some((l) => / cycles on single/.test(l.command.title)));
  await providers['loom.restart']();
  await until('no errors', () => said.diagnostics.has(uri) && said.diagnostics.get(uri).length === 0);
  events.Close.fire(document);
  await extension.deactivate();
  assert.deepStrictEqual(said.warnings, []);
  // the problem matcher, on what the command prints
  const matcher = JSON.parse(fs.readFileSync(path.join(root, 'editors/vscode/package.json'))).contributes.problemMatchers[0];
  const { spawnSync } = require('child_process');
  const out = spawnSync('loom', ['compile', 'tests/data/bad/unknown_name.py', '--shape', 'x.0=64,x.1=64'], { cwd: root, encoding: 'utf8' }).stderr;
  const found = out.split('\n').map((l) => new RegExp(matcher.pattern.regexp).exec(l)).filter(Boolean);
  assert.deepStrictEqual(found.map((m) => m.slice(1, 5)), [['tests/data/bad/unknown_name.py', '11', '41', 'error']]);
  console.log('the extension: ok');
}

main().catch((e) => { console.error(e, said); process.exit(1); });
