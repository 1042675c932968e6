-- Visible and opaque fields as text: each field is a line, `\n"name":JSON`, and no field is the empty text.
--
-- Lua knows one kind of number, so no value ever passes through Lua and back: it is compared and copied as the JSON
-- that Python wrote. JSON holds no line break of its own, so a line's end is certain.

local heads = {}

local function head_of(name)
  local head = heads[name]
  if not head then
    head = '\n"' .. name .. '":'
    heads[name] = head
  end
  return head
end

-- Give a field's JSON; nil where the text has none.
local function line(text, name)
  local _, head = find(text, head_of(name), 1, true)
  if not head then return nil end
  return sub(text, head + 1, (find(text, '\n', head, true) or 0) - 1)
end

-- Write one line over a text's own of that name, or behind it.
local function merge_line(text, head, whole)
  local from, to = find(text, head, 1, true)
  if not from then return text .. whole end
  local stop = find(text, '\n', to, true)
  return sub(text, 1, from - 1) .. whole .. (stop and sub(text, stop) or '')
end

-- Write changed lines over a text's own; new ones come last.
local function merge(text, changed)
  if changed == '' then return text end
  if text == '' then return changed end
  local from = 1
  while from do
    local stop = find(changed, '\n', from + 1, true)
    local whole = sub(changed, from, (stop or 0) - 1)
    local _, head = find(whole, '":', 1, true)
    text = merge_line(text, sub(whole, 1, head), whole)
    from = stop
  end
  return text
end

-- Give the text that a JSON string says; nil for null.
local function text_of(json)
  if json == 'null' then return nil end
  if sub(json, 1, 1) ~= '"' then return json end
  if find(json, '\\', 1, true) then return cjson.decode('[' .. json .. ']')[1] end
  return sub(json, 2, -2)
end
