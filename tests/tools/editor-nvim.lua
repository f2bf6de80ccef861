-- What Neovim has of a session with the recipe of docs/editors.md: a file with an error, then the text of $GOOD in its place.
local function wait(what, f)
  print(what .. ': ' .. (vim.wait(20000, f, 50) and 'yes' or 'NO'))
end
wait('attached', function() return #vim.lsp.get_active_clients() == 1 end)
wait('diagnostics', function() return #vim.diagnostic.get(0) > 0 end)
for _, d in ipairs(vim.diagnostic.get(0)) do print(d.lnum + 1, d.col + 1, d.message) end
vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.fn.readfile(vim.env.GOOD))
wait('no diagnostics', function() return #vim.diagnostic.get(0) == 0 end)
local lens
wait('lens', function() vim.lsp.codelens.refresh(); vim.wait(300); lens = vim.lsp.codelens.get(0); return #lens > 0 end)
for _, l in ipairs(lens or {}) do print(l.range.start.line + 1, l.command and l.command.title) end
local r = vim.lsp.buf_request_sync(0, 'textDocument/hover', { textDocument = vim.lsp.util.make_text_document_params(), position = { line = 20, character = 30 } }, 5000)
for _, v in pairs(r or {}) do print(vim.inspect(v.result)) end
