-- The decision: `core/decide.py` in Lua. A function gives a refusal, or nothing where all is well.
--
-- What a transaction changes goes into the view at once, with its undoing beside it; nothing is written to the store
-- before all transactions of a call are decided, since an error in a function takes nothing back.

local HOLDERS_NAMED = 20

-- A change, as it lies in a call's body from some place on, and where the next one begins.
local CHANGE_KIND, CHANGE_KEY, CHANGE_NAME, CHANGE_VERSION, CHANGE_FENCE, CHANGE_SEEN = 0, 1, 2, 3, 4, 5
local CHANGE_FIELDS, CHANGE_REST, CHANGE_NOTE, CHANGE_STATE, CHANGE_SIZE = 6, 7, 8, 9, 10

local function refusal(view, reason, row)
  return { reason = reason, number = view.number, row = row }
end

local function not_entered(view, reason, row, state)
  return { reason = reason, number = view.number, row = row, state = state.name }
end

local function held(view, slot)
  local number = view.slots[slot]
  if not number then
    number = call('ZCARD', view.prefix .. slot)
    view.slots[slot] = number
  end
  return number
end

-- Note that a record takes or leaves a slot.
local function move_slot(view, slot, number, id, holds)
  set(view, view.slots, slot, number)
  local moved = view.moved
  local last = #moved
  moved[last + 1], moved[last + 2], moved[last + 3] = slot, id, holds
end

-- Give who moved into or out of a slot between two places of the list of moves, and in which order.
local function moves_of(view, slot, from, upto)
  local moved, holds, order = view.moved, {}, {}
  for place = from, upto, 3 do
    if moved[place] == slot then
      local id = moved[place + 1]
      if holds[id] == nil then order[#order + 1] = id end
      holds[id] = moved[place + 2]
    end
  end
  return holds, order
end

-- Name who holds a slot: those stored that did not move, then those that moved in, in the order of their moves.
local function holders_of(view, slot)
  local earlier, in_order = moves_of(view, slot, 1, view.accepted)
  local own, own_order = moves_of(view, slot, view.accepted + 1, #view.moved)
  local names, named = {}, {}
  local function name(id)
    if not named[id] and #names < HOLDERS_NAMED then names[#names + 1] = id end
    named[id] = true
  end
  local stored = call('ZRANGE', view.prefix .. slot, 0, HOLDERS_NAMED + #in_order + #own_order - 1)
  for place = 1, #stored do
    if earlier[stored[place]] == nil and own[stored[place]] ~= false then name(stored[place]) end
  end
  for place = 1, #in_order do
    if earlier[in_order[place]] and own[in_order[place]] ~= false then name(in_order[place]) end
  end
  for place = 1, #own_order do
    if own[own_order[place]] then name(own_order[place]) end
  end
  return names
end

local function take_slot(view, slot, limit, table, before, after)
  local number, at_most = held(view, slot), limit.at_most
  if limit.cap_field ~= '' then
    local up = cell_of(view, limit.parent .. ':' .. (text_of(value(table, after, limit.per[1])) or '')).row
    at_most = tonumber(up and line(up[FIELDS], limit.cap_field) or limit.cap_default) or 0
  end
  if number >= at_most then
    local no = not_entered(view, 'limit_reached', before, table.states[after[STATE]])
    no.limit, no.key, no.at_most = limit.name, keyed('', table, after, limit.per), at_most
    no.holders = holders_of(view, slot)
    return no
  end
  move_slot(view, slot, number + 1, after[ID], true)
end

local function count(view, before, after, table)
  local limits = table.limits
  if #limits == 0 then return end
  local had, has = before and slots_of(table, before) or NO_SLOTS, slots_of(table, after)
  for place = 1, #limits do
    local slot = had[place]
    if slot and slot ~= has[place] then move_slot(view, slot, held(view, slot) - 1, after[ID], false) end
  end
  for place = 1, #limits do
    local slot = has[place]
    if slot and slot ~= had[place] then
      local no = take_slot(view, slot, limits[place], table, before, after)
      if no then return no end
    end
  end
end

local function enter(view, before, after, table, state)
  local has = state.has
  for place = 1, #has do
    if value(table, after, has[place]) == 'null' then
      local no = not_entered(view, 'missing_field', before, state)
      no.field = has[place]
      return no
    end
  end
  local under = state.under
  if not under then return end
  local id = text_of(value(table, after, under.field))
  local up = id and cell_of(view, under.parent .. ':' .. id).row
  local fits, overdue = up and under.states[up[STATE]], false
  if fits then
    local at = due(view, up)
    overdue = at ~= nil and at <= view.now
  end
  if not fits or overdue then
    local no = not_entered(view, 'not_under', before, state)
    no.parent_kind, no.parent_id, no.parent, no.overdue = under.parent, id, up, overdue
    return no
  end
end

local function check_time(view, row, state, edge)
  local at, name
  if #state.timers > 0 then at, name = due(view, row) end
  if at and at <= view.now then
    if not edge or edge.name ~= name then
      local no = refusal(view, 'overdue', row)
      no.deadline, no.field = at, name
      return no
    end
  elseif view.timed then
    return refusal(view, 'not_due', row)
  end
end

local function check_target(view, body, at, row, edge)
  local version, fence = body[at + CHANGE_VERSION], body[at + CHANGE_FENCE]
  if version and version ~= row[VERSION] then return refusal(view, 'stale', row) end
  if (fence or not edge or edge.by == 'holder') and (not row[HOLDER] or row[FENCE] ~= fence) then
    return refusal(view, 'not_holder', row)
  end
end

local function touch(view, cell, row)
  if not cell.touched then
    cell.touched = true
    view.touched[#view.touched + 1] = cell
  end
  set(view, cell, 'row', row)
  view.made[#view.made + 1] = sealed(row)
end

local function record(view, cell, row, name, source, note, from, edge)
  touch(view, cell, row)
  local event = view.events + 1
  view.events = event
  view.event_cells[event], view.event_versions[event], view.event_positions[event] = cell, row[VERSION], view.sequence
  view.event_edges[event] = edge
  view.event_bytes[event] = pack(
    view.sequence, row[KIND], row[ID], row[VERSION], view.now, view.by, name, source, row[STATE], row[FENCE], view.why,
    view.op, note, from, from and row[SEEN]
  )
end

local function create(view, body, at, table)
  local kind, key, fields = body[at], body[at + CHANGE_KEY], body[at + CHANGE_FIELDS]
  for place = 1, #table.serials do
    local name = table.serials[place]
    local serial = kind .. ':' .. name
    local last = view.serials[serial] or tonumber(call('HGET', view.prefix .. 'serials', serial) or 0)
    set(view, view.serials, serial, last + 1)
    fields = merge(fields, head_of(name) .. format('%.0f', last + 1))
    if not key and place == 1 then key = kind .. ':' .. format('%.0f', last + 1) end
  end
  local cell = cell_of(view, key)
  if cell.row then return refusal(view, 'exists', cell.row) end
  local state, now = table.states[body[at + CHANGE_STATE]], view.now
  view.sequence = max(view.sequence + 1, now)
  local fence, holder = 0, nil
  if state.claims then fence, holder = view.sequence, view.by end
  local row = {
    false, kind, sub(key, #kind + 2), state.name, 1, fence, holder, now, now, now, now, 0, 0, fields,
    body[at + CHANGE_REST], false,
  }
  local no = enter(view, nil, row, table, state) or count(view, nil, row, table)
  if no then return no end
  set(view, cell, 'ref', format('%016.0f', view.sequence))
  cell.look = false
  record(view, cell, row, 'create', '', body[at + CHANGE_NOTE], nil, state) -- whose effects are those of a create
end

local function beat(view, body, at, cell, row, state)
  local no = check_time(view, row, state) or check_target(view, body, at, row)
  if no then return no end
  local seen = max(row[SEEN], min(body[at + CHANGE_SEEN], row[TOLD]))
  if row ~= cell.found and row[BEATEN_AT] == view.now and row[SEEN] == seen then
    view.made[#view.made + 1] = row[BYTES] -- this call has beaten it already: a claim that guards many transactions
    return
  end
  touch(view, cell, {
    row[SLOTS], row[KIND], row[ID], row[STATE], row[VERSION], row[FENCE], row[HOLDER], row[CREATED_AT],
    row[ENTERED_AT], row[CHANGED_AT], view.now, row[TOLD], seen, row[FIELDS], row[REST], false,
  })
end

local function move(view, body, at, cell, row, table, state, edge)
  local now, version, by = view.now, row[VERSION] + 1, edge.by
  local sequence = max(view.sequence + 1, now)
  view.sequence = sequence
  local moves, target, fields, beaten_at = edge.target ~= '', state, row[FIELDS], row[BEATEN_AT]
  local fence, holder, entered_at = row[FENCE], row[HOLDER], row[ENTERED_AT]
  if moves then
    target = table.states[edge.target]
    fields, entered_at, beaten_at = merge(fields, target.clears), now, now
    if not target.leased then holder = nil end
  end
  if by == 'claimant' then
    fence, holder, beaten_at = sequence, view.by, now
  elseif by == 'holder' then
    beaten_at = now
  end
  local told, seen = row[TOLD], row[SEEN]
  local unread = target.final and told > seen and seen or nil
  if target.final then seen = told end
  if edge.tells then told = version end
  local after = {
    false, row[KIND], row[ID], target.name, version, fence, holder, row[CREATED_AT], entered_at, now, beaten_at, told,
    seen, merge(fields, body[at + CHANGE_FIELDS]), merge(row[REST], body[at + CHANGE_REST]), false,
  }
  local no = moves and enter(view, row, after, table, target) or count(view, row, after, table)
  if no then return no end
  record(view, cell, after, body[at + CHANGE_NAME], row[STATE], body[at + CHANGE_NOTE], unread, edge)
end

-- Make one change: kind, KIND:ID, name, version, fence, seen, fields, rest, note, and the state where a create begins.
local function make(view, body, at)
  local table = view.kinds[body[at]]
  local name = body[at + CHANGE_NAME]
  if name == 'create' then return create(view, body, at, table) end
  local cell = cell_of(view, body[at + CHANGE_KEY])
  local row = cell.row
  if not row then return refusal(view, 'not_found') end
  local state = table.states[row[STATE]]
  if not state then return refusal(view, 'unknown_state', row) end
  if name == 'beat' then return beat(view, body, at, cell, row, state) end
  local edge = table.edges[name]
  if not edge.sources[row[STATE]] then return refusal(view, 'wrong_state', row) end
  local no = check_time(view, row, state, edge) or check_target(view, body, at, row, edge)
  return no or move(view, body, at, cell, row, table, state, edge)
end

local function cut(list, size)
  for place = #list, size + 1, -1 do list[place] = nil end
end

-- Decide so many changes, which lie in a body from a place on. Give a refusal, with all undone, or nothing, with the
-- rows that were made at the end of `view.made`.
local function decide(view, body, at, changes)
  local sequence, events, made = view.sequence, view.events, #view.made
  view.undone, view.accepted = 0, #view.moved
  for number = 0, changes - 1 do
    view.number = number
    local no = make(view, body, at + number * CHANGE_SIZE)
    if no then
      roll_back(view)
      view.sequence, view.events = sequence, events
      cut(view.moved, view.accepted)
      cut(view.made, made)
      return no
    end
  end
end
