-- Ended records go when they were kept long enough, with the children that belong to them; their histories later.
--
-- A removed record leaves a trace until its history is forgotten: `gone` (number -> VERSION:KIND:ID), `graves`
-- (KIND:ID -> number), and a look of its own.

local LOOK_AGAIN = 60 * 1000000 -- after how long what could not be done is tried again
local MOST_RARELY = 24 * 60 * LOOK_AGAIN
local EVENTS_AT_ONCE = 1000
local CHILDREN_AT_ONCE = 500

local function children_of(view, row, from, most)
  local keys = call('ZRANGE', view.prefix .. 'child:' .. row[KIND] .. ':' .. row[ID], from, from + most - 1)
  load(view, keys)
  return keys
end

-- Tell whether a child is still one: this sweep may have let it go.
local function belongs(view, child, parent)
  local table = view.kinds[child[KIND]]
  return not table or parents_of(table, child)['child:' .. parent[KIND] .. ':' .. parent[ID]] ~= nil
end

-- Note that a record goes; its history stays for its time.
local function bury(view, sweep, cell)
  local row = cell.row
  exchange(view, sweep.beside, cell, row, nil)
  sweep.buried[#sweep.buried + 1] = { key = cell.key, ref = cell.ref, row = row }
  cell.row, cell.found, cell.removed = false, false, true
  sweep.removed = sweep.removed + 1
end

-- Give when to look again at what is kept past its time: the longer it is so, the later, a day at most.
local function later(view, row)
  local kept = view.now - row[ENTERED_AT] - (view.kinds[row[KIND]].states[row[STATE]].keep or 0)
  return view.now + min(max(kept, LOOK_AGAIN), MOST_RARELY)
end

-- Remove a record with its ended children, or give when to look again.
local function remove(view, sweep, cell)
  local row = cell.row
  if row ~= cell.found then return view.now end -- changed in this sweep: a later one removes it
  if waits(view, cell.ref) then return later(view, row) end
  local keys = children_of(view, row, 0, sweep.left + 1)
  for place = 1, #keys do
    if sweep.left <= 0 then return view.now end
    sweep.left = sweep.left - 1
    local child = view.cells[keys[place]]
    if child.row and belongs(view, child.row, row) then
      local table = view.kinds[child.row[KIND]]
      local state = table and table.states[child.row[STATE]]
      if not state or not state.final then return later(view, row) end -- a living child keeps its parent
      local again = remove(view, sweep, child)
      if again then return again end
    end
  end
  bury(view, sweep, cell)
end

-- Write what goes.
local function write_buried(view, sweep)
  local prefix = view.prefix
  for place = 1, #sweep.buried do
    local one = sweep.buried[place]
    local row = one.row
    call('HDEL', prefix .. 'records', one.key)
    call('ZREM', prefix .. 'due', due_name(one))
    call('ZADD', prefix .. 'gone', one.ref, row[VERSION] .. ':' .. one.key)
    call('HSET', prefix .. 'graves', one.key, one.ref)
    call('ZADD', prefix .. 'due', view.now + view.kinds[row[KIND]].history, one.ref)
  end
end

-- Give what a removed record left: VERSION:KIND:ID, its last version, KIND:ID.
local function trace_of(view, ref)
  local trace = call('ZRANGE', view.prefix .. 'gone', ref, ref, 'BYSCORE')[1]
  if not trace then return nil end
  local colon = find(trace, ':', 1, true)
  return trace, tonumber(sub(trace, 1, colon - 1)), sub(trace, colon + 1)
end

-- Forget a gone record's history, and then the last trace of it.
local function forget(view, ref)
  local prefix = view.prefix
  local trace, last, key = trace_of(view, ref)
  if trace then
    local first = 1 + tonumber(call('HGET', prefix .. 'skip', ref) or 0)
    local names = {}
    for version = first, min(last, first + EVENTS_AT_ONCE - 1) do names[#names + 1] = ref .. ':' .. version end
    call_many('HDEL', prefix .. 'events', names)
    if first + EVENTS_AT_ONCE <= last then
      call('HSET', prefix .. 'skip', ref, first + EVENTS_AT_ONCE - 1)
      call('ZADD', prefix .. 'due', view.now, ref)
      return
    end
    if call('HGET', prefix .. 'graves', key) == ref then call('HDEL', prefix .. 'graves', key) end
    drop_messages(view, ref)
    call('ZREM', prefix .. 'gone', trace)
    call('HDEL', prefix .. 'skip', ref)
  end
  call('ZREM', prefix .. 'due', ref)
end
