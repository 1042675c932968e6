-- Writing a decided call: one command for each structure, with all that goes there.
--
-- Nothing here may fail half-way: what could, such as a key that a cluster has moved away, is touched first.

local EMPTY_NOTE = '{}'

-- Give when a record must be looked at: its deadline, or, of an ended one, when it or its followers go.
local function next_look(view, row)
  local state = view.kinds[row[KIND]].states[row[STATE]]
  if not state then return nil end
  if not state.final then
    if #state.timers == 0 then return nil end
    return (due(view, row))
  end
  if view.followers[row[KIND]] then return row[ENTERED_AT] end
  return state.keep and row[ENTERED_AT] + state.keep or nil
end

-- Set when to look, if that is earlier than what is written: a later look finds out by itself. Where another build
-- declares more than this one, that build looks at once.
local function look(view, cell, row, dues)
  local at
  if view.outgrown[row[KIND]] then at = view.now else at = next_look(view, row) end
  if not at then return end
  local known = look_of(cell)
  if known and at >= known then return end
  dues[#dues + 1] = at
  dues[#dues + 1] = due_name(cell)
  cell.look = at
end

-- Empty the parameters and reasons of a record's earlier events, and what is kept of them as answers.
local function erase(view, cell, version)
  local events, ops = view.prefix .. 'events', {}
  for from = 1, version - 1, MOST_VALUES do
    local names = {}
    for old = from, min(from + MOST_VALUES, version) - 1 do names[#names + 1] = cell.ref .. ':' .. old end
    local found, written = read_many(events, names), {}
    for place = 1, #names do
      if found[place] then
        local position, kind, id, old, at, by, name, source, target, fence, _, op, _, first, last =
          unpack_all(found[place])
        if op ~= '' and op ~= ops[#ops] then ops[#ops + 1] = op end
        written[#written + 1] = names[place]
        written[#written + 1] =
          pack(position, kind, id, old, at, by, name, source, target, fence, '', op, EMPTY_NOTE, first, last)
      end
    end
    call_many('HSET', events, written)
  end
  erase_answers(view, ops, cell.row, version)
end

local function write_events(view)
  local size = view.events
  if size == 0 then return end
  local values, names, cells, versions = {}, {}, view.event_cells, view.event_versions
  for event = 1, size do
    local name = cells[event].ref .. ':' .. versions[event]
    names[event] = name
    values[2 * event - 1], values[2 * event] = name, view.event_bytes[event]
  end
  call_many('HSET', view.prefix .. 'events', values)
  call('ZADD', view.prefix .. 'feed', view.sequence, concat(names, '\n'))
  for event = 1, size do
    local edge = view.event_edges[event]
    if #edge.effects > 0 then send(view, event, edge.effects) end
  end
end

local function erase_all(view)
  for event = 1, view.events do
    if view.event_edges[event].erases then erase(view, view.event_cells[event], view.event_versions[event]) end
  end
end

-- Name what a call writes besides the keys that each space has.
local function names_written(view, beside)
  local names = { 'ops:' .. format('%.0f', bucket_of(view.now)) }
  for event = 1, view.events do
    local effects, kind = view.event_edges[event].effects, view.event_cells[event].row[KIND]
    for place = 1, #effects do names[#names + 1] = outbox_name(kind, effects[place]) end
  end
  for place = 1, #beside.names do names[#names + 1] = beside.names[place] end
  for place = 1, #view.ops do names[#names + 1] = 'ops:' .. view.ops[place] end
  return names
end

-- Write what a call has decided. `answers` are op ids with their answers, in turn.
local function write(view, answers)
  local records, dues, beside = {}, {}, sheet()
  for place = 1, #view.touched do
    local cell = view.touched[place]
    local before, after = cell.found, cell.row
    if after and after ~= before then
      look(view, cell, after, dues)
      records[#records + 1] = cell.key
      records[#records + 1] = stored_as(cell.ref, look_of(cell), after[BYTES])
      if not before or before[VERSION] ~= after[VERSION] then exchange(view, beside, cell, before, after) end
    end
  end
  if view.cluster then probe(view, names_written(view, beside)) end
  local prefix = view.prefix
  call_many('HSET', prefix .. 'records', records)
  write_events(view)
  local buckets = write_answers(view, answers)
  erase_all(view)
  call_many('ZADD', prefix .. 'due', dues)
  write_sheet(view, beside)
  local serials = {}
  for serial, last in pairs(view.serials) do
    serials[#serials + 1] = serial
    serials[#serials + 1] = last
  end
  call_many('HSET', prefix .. 'serials', serials)
  view.buckets = buckets
end

-- Write the clock and what else is one for the whole space.
local function write_meta(view, fresh, more)
  local values = { 'sequence', view.sequence, 'read_at', view.now }
  if view.buckets then
    values[#values + 1] = 'ops'
    values[#values + 1] = view.buckets
  end
  if not view.generation then
    view.generation = fresh
    for _, one in ipairs({ 'generation', fresh, 'format', FORMAT }) do values[#values + 1] = one end
  end
  for place = 1, more and #more or 0 do values[#values + 1] = more[place] end
  call('HSET', view.meta, unpack(values))
end

-- Wake those who listen: who wrote, how far, and in which generation.
local function tell(view, writer)
  if view.events > 0 then
    call('SPUBLISH', view.prefix .. 'wrote', writer .. ' ' .. format('%.0f', view.sequence) .. ' ' .. view.generation)
  end
end
