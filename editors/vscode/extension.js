// Loom for VS Code: a client of `loom lsp` in plain JavaScript, with no packages and nothing to build.
'use strict';
const vscode = require('vscode');
const { spawn } = require('child_process');

const languages = [{ language: 'python', scheme: 'file' }, { language: 'yaml', scheme: 'file' }];
const isOurs = (document) => vscode.languages.match(languages, document) > 0;
const toRange = (r) => new vscode.Range(r.start.line, r.start.character, r.end.line, r.end.character);
const DEATHS_MAX = 5;

class Server {
  constructor(log) {
    this.log = log;
    this.diagnostics = vscode.languages.createDiagnosticCollection('loom');
    this.lensesChanged = new vscode.EventEmitter();
    this.deaths = 0;
  }

  start() {
    this.waiting = new Map();
    this.lastId = 0;
    this.buffer = Buffer.alloc(0);
    this.isReady = false;
    const folders = (vscode.workspace.workspaceFolders || []).map((f) => ({ uri: f.uri.toString(), name: f.name }));
    this.process = spawn(vscode.workspace.getConfiguration('loom').get('path', 'loom'), ['lsp'], { cwd: folders.length ? vscode.workspace.workspaceFolders[0].uri.fsPath : undefined });
    const process = this.process;
    process.on('error', (e) => this.ended(process, e.message));
    process.on('exit', (code) => this.ended(process, `exit code ${code}`));
    process.stdin.on('error', () => {});
    process.stderr.on('data', (bytes) => this.log.append(bytes.toString()));
    process.stdout.on('data', (bytes) => this.take(bytes));
    const capabilities = {
      general: { positionEncodings: ['utf-16'] },
      workspace: { configuration: true, codeLens: { refreshSupport: true } },
      textDocument: { publishDiagnostics: { relatedInformation: true }, documentSymbol: { hierarchicalDocumentSymbolSupport: true } },
    };
    return this.request('initialize', { processId: globalThis.process.pid, rootUri: null, workspaceFolders: folders, capabilities }).then(() => {
      this.isReady = true;
      this.notify('initialized', {});
      vscode.workspace.textDocuments.forEach((d) => this.open(d));
    }, () => {});      // it has ended, which is said elsewhere
  }

  ended(process, why) {
    if (process !== this.process)
      return;
    this.process = null;
    this.isReady = false;
    this.diagnostics.clear();
    for (const { reject } of this.waiting.values())
      reject(new Error(why));
    this.waiting.clear();
    this.log.appendLine(`loom lsp ended: ${why}`);
    if (++this.deaths <= DEATHS_MAX)
      setTimeout(() => this.process || this.start(), 1000);
    else
      vscode.window.showWarningMessage(`loom lsp ended ${DEATHS_MAX} times (${why}); "Loom: start the language server again" tries once more`);
  }

  async stop() {
    const process = this.process;
    if (!process)
      return;
    this.process = null;
    const write = (m) => process.stdin.write(frame(m));
    write({ jsonrpc: '2.0', id: 'stop', method: 'shutdown' });
    write({ jsonrpc: '2.0', method: 'exit' });
    process.stdin.end();
    await new Promise((done) => process.on('exit', done));
  }

  // ---- messages ----
  send(message) {
    if (this.process)
      this.process.stdin.write(frame({ jsonrpc: '2.0', ...message }));
  }

  notify(method, params) {
    this.send({ method, params });
  }

  request(method, params, token) {
    if (!this.process)
      return Promise.reject(new Error('loom lsp does not run'));
    const id = ++this.lastId;
    if (token)
      token.onCancellationRequested(() => this.notify('$/cancelRequest', { id }));
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.send({ id, method, params });
    });
  }

  take(bytes) {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    for (;;) {
      const end = this.buffer.indexOf('\r\n\r\n');
      const length = end < 0 ? null : /content-length: *(\d+)/i.exec(this.buffer.subarray(0, end).toString());
      if (!length || this.buffer.length < end + 4 + Number(length[1]))
        return;
      const body = this.buffer.subarray(end + 4, end + 4 + Number(length[1])).toString();
      this.buffer = this.buffer.subarray(end + 4 + Number(length[1]));
      this.hear(JSON.parse(body));
    }
  }

  hear(m) {
    if (m.method === 'textDocument/publishDiagnostics')
      this.publish(m.params);
    else if (m.method === 'workspace/configuration')
      this.send({ id: m.id, result: m.params.items.map(() => vscode.workspace.getConfiguration('loom')) });
    else if (m.method === 'workspace/codeLens/refresh') {
      this.send({ id: m.id, result: null });
      this.lensesChanged.fire();
    } else if (m.method === 'window/showMessage')
      vscode.window.showWarningMessage(m.params.message);
    else if (m.method === 'window/logMessage')
      this.log.appendLine(m.params.message);
    else if (this.waiting.has(m.id)) {
      const { resolve, reject } = this.waiting.get(m.id);
      this.waiting.delete(m.id);
      if (m.error)
        reject(new Error(m.error.message));
      else
        resolve(m.result);
    }
  }

  publish({ uri, diagnostics }) {
    this.deaths = 0;
    this.diagnostics.set(vscode.Uri.parse(uri), diagnostics.map((d) => {
      const out = new vscode.Diagnostic(toRange(d.range), d.message, d.severity - 1);
      out.source = d.source;
      out.code = d.code;
      out.relatedInformation = (d.relatedInformation || []).map(
        (r) => new vscode.DiagnosticRelatedInformation(new vscode.Location(vscode.Uri.parse(r.location.uri), toRange(r.location.range)), r.message));
      return out;
    }));
  }

  // ---- documents ----
  open(document) {
    if (this.isReady && isOurs(document))
      this.notify('textDocument/didOpen', { textDocument: { uri: document.uri.toString(), languageId: document.languageId, version: document.version, text: document.getText() } });
  }

  change({ document, contentChanges }) {
    if (this.isReady && isOurs(document) && contentChanges.length)
      this.notify('textDocument/didChange', {
        textDocument: { uri: document.uri.toString(), version: document.version },
        contentChanges: contentChanges.map((c) => ({ range: { start: c.range.start, end: c.range.end }, text: c.text })),
      });
  }

  tell(method, document) {
    if (this.isReady && isOurs(document))
      this.notify(method, { textDocument: { uri: document.uri.toString() } });
  }

  // The answer about a document, made into what VS Code shows; nothing when it was cancelled or the text has changed.
  async ask(method, document, position, token, make) {
    try {
      const answer = this.isReady && (await this.request(method, { textDocument: { uri: document.uri.toString() }, position }, token));
      return answer ? make(answer) : undefined;
    } catch {
      return undefined;
    }
  }
}

function frame(message) {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
}

function toSymbol(s) {
  const out = new vscode.DocumentSymbol(s.name, s.detail || '', s.kind - 1, toRange(s.range), toRange(s.selectionRange));
  out.children = s.children.map(toSymbol);
  return out;
}

function toItem(i) {
  const out = new vscode.CompletionItem(i.label, i.kind - 1);
  out.detail = i.detail;
  out.documentation = i.documentation;
  return out;
}

let server;

function activate(context) {
  const log = vscode.window.createOutputChannel('Loom');
  server = new Server(log);
  const { workspace } = vscode, l = vscode.languages;
  context.subscriptions.push(
    log, server.diagnostics, server.lensesChanged,
    workspace.onDidOpenTextDocument((d) => server.open(d)),
    workspace.onDidChangeTextDocument((e) => server.change(e)),
    workspace.onDidSaveTextDocument((d) => server.tell('textDocument/didSave', d)),
    workspace.onDidCloseTextDocument((d) => server.tell('textDocument/didClose', d)),
    workspace.onDidChangeConfiguration((e) => e.affectsConfiguration('loom') && server.isReady && server.notify('workspace/didChangeConfiguration', { settings: null })),
    vscode.commands.registerCommand('loom.restart', async () => {
      await server.stop();
      server.deaths = 0;
      return server.start();
    }),
    l.registerHoverProvider(languages, {
      provideHover: (d, p, t) => server.ask('textDocument/hover', d, p, t, (h) => new vscode.Hover(new vscode.MarkdownString(h.contents.value), toRange(h.range))),
    }),
    l.registerCodeLensProvider(languages, {
      onDidChangeCodeLenses: server.lensesChanged.event,
      provideCodeLenses: (d, t) => server.ask('textDocument/codeLens', d, undefined, t, (all) => all.map((x) => new vscode.CodeLens(toRange(x.range), x.command))),
    }),
    l.registerDocumentSymbolProvider(languages, {
      provideDocumentSymbols: (d, t) => server.ask('textDocument/documentSymbol', d, undefined, t, (all) => all.map(toSymbol)),
    }),
    l.registerCompletionItemProvider(languages, {
      provideCompletionItems: (d, p, t) => server.ask('textDocument/completion', d, p, t, (all) => all.map(toItem)),
    }, '.'),
  );
  return server.start();
}

function deactivate() {
  return server && server.stop();
}

module.exports = { activate, deactivate };
