-- When a record's next timed transition happens: `core/deadlines.py` in Lua.

-- Give when the parent ended; an absent one counts as ended when the record came here.
local function end_of_parent(view, kind, id, row)
  local up = id and cell_of(view, kind .. ':' .. id).row
  if not up then return row[ENTERED_AT] end
  local state = view.kinds[kind].states[up[STATE]]
  return state and state.final and up[ENTERED_AT] or nil
end

local function strikes(view, row, table, timer)
  local since, entered_at = timer.since, row[ENTERED_AT]
  if since == 'entered' then return entered_at + timer.length + credit(view, entered_at) end
  if since == 'lease' then return row[BEATEN_AT] + timer.length + credit(view, row[BEATEN_AT]) end
  local json = value(table, row, timer.field)
  if since == 'end' then return end_of_parent(view, timer.parent, text_of(json), row) end
  if json == 'null' then return nil end
  if since == 'field' then return tonumber(json) end
  return entered_at + tonumber(json) + credit(view, entered_at)
end

-- Give the instant and the name of a record's next timed transition, as things stand.
local function due(view, row)
  local table = view.kinds[row[KIND]]
  local state = table.states[row[STATE]]
  if not state then return nil end
  local first, name
  local timers = state.timers
  for place = 1, #timers do
    local at = strikes(view, row, table, timers[place])
    if at and (not first or at < first) then first, name = at, timers[place].transition end
  end
  return first, name
end
