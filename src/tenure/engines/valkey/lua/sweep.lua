-- Make what is due, remove what was kept long enough, forget what is old, and give a sign of life.
--
-- In: hash of the tables, generation, instant; [writer, generation of a new space, kinds that another build has
-- outgrown, most, alive for, whether an idle sweep may write nothing]. Out: [position
-- before, position after, generation, made, removed, when the next is due or null, whether more is due, events].
-- At most so many records are looked at, with one or two beyond. A refusal of a timed transition is looked at again.
local PRUNED_EVERY = 30 * 1000000
local LATEST = 2 ^ 53

local function first_due(view, after)
  local found = call('ZRANGE', view.prefix .. 'due', after, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  return tonumber(found[2])
end

local function reply(view, sweep, next_due, more)
  return '\152' .. pack(view.before, view.sequence, view.generation or '', view.events, sweep.removed, next_due, more)
    .. events_made(view)
end

-- Make the record's timed transition, or note when it is due by now; tell whether it was made.
local function move_on(view, sweep, cell)
  local row = cell.row
  local at, name = due(view, row)
  if not at or at > view.now then
    if view.outgrown[row[KIND]] then at = min(at or LATEST, view.now + LOOK_AGAIN) end
    sweep.again[cell] = at or false
    return false
  end
  local edge = view.kinds[row[KIND]].edges[name]
  view.by, view.op, view.why, view.timed = 'sweeper', '', '', true
  local body = { row[KIND], cell.key, name, false, false, 0, edge.fields, edge.rest, edge.note }
  local no = decide(view, body, 1, 1)
  if no then sweep.again[cell] = view.now + LOOK_AGAIN end -- such as a limit of the state to be entered
  return not no
end

-- Make the timed transition of those that end with a record; give the next look if some are left.
local function end_followers(view, sweep, row)
  local again
  for _, follower in ipairs(view.followers[row[KIND]] or {}) do
    local from = 0
    repeat
      local keys = children_of(view, row, from, CHILDREN_AT_ONCE)
      for place = 1, #keys do
        local child = view.cells[keys[place]]
        local state = child.row and child.row[KIND] == follower.kind and child.row[STATE]
        if state and follower.states[state] then
          sweep.left = sweep.left - 1
          if not move_on(view, sweep, child) then again = view.now + LOOK_AGAIN end
          if sweep.left <= 0 then return view.now end
        end
      end
      from = from + #keys
    until #keys < CHILDREN_AT_ONCE
  end
  return again
end

-- End the followers of an ended record; remove it when it was kept long enough. Gives the next look.
local function finish(view, sweep, cell)
  local row = cell.row
  local again = end_followers(view, sweep, row)
  if again then return again end
  local keep = view.kinds[row[KIND]].states[row[STATE]].keep
  local at = keep and row[ENTERED_AT] + keep
  if at and at <= view.now then return remove(view, sweep, cell) or false end
  return at or false
end

local function look_at(view, sweep, name)
  local ref, key = sub(name, 1, NUMBER), sub(name, NUMBER + 1)
  if key == '' then
    local _, _, whose = trace_of(view, ref)
    if whose and not view.kinds[string.match(whose, '^[^:]+')] then return end -- another build's: its own sweeper looks
    sweep.left = sweep.left - 1
    sweep.forgotten[#sweep.forgotten + 1] = ref
    return
  end
  local cell = view.cells[key]
  local row = cell.row
  if cell.removed then return end
  if not row or cell.ref ~= ref then
    sweep.strays[#sweep.strays + 1] = name
    return
  end
  local table = view.kinds[row[KIND]]
  local state = table and table.states[row[STATE]]
  if not state then return end
  sweep.left = sweep.left - 1
  cell.look = false
  sweep.looked[#sweep.looked + 1] = cell
  if state.final then
    sweep.again[cell] = finish(view, sweep, cell)
  elseif cell.row == cell.found then
    move_on(view, sweep, cell)
  end
end

local function look_at_all(view, sweep)
  local from, limit = 0, format('%.0f', view.now)
  while sweep.left > 0 do
    local names = call('ZRANGE', view.prefix .. 'due', '-inf', limit, 'BYSCORE', 'LIMIT', from, sweep.left)
    if #names == 0 then return end
    from = from + #names
    local keys = {}
    for place = 1, #names do keys[place] = sub(names[place], NUMBER + 1) end
    load(view, keys)
    for place = 1, #names do
      if sweep.left <= 0 then return end
      look_at(view, sweep, names[place])
    end
  end
end

-- Note the next looks of what was looked at; `write` has noted those of what was changed.
local function write_looks(view, sweep)
  local prefix, dues, dropped, records = view.prefix, {}, {}, {}
  for cell, at in pairs(sweep.again) do
    if not cell.removed and not look_of(cell) then
      if at then
        dues[#dues + 1] = at
        dues[#dues + 1] = due_name(cell)
        cell.look = at
      end
      records[#records + 1] = cell.key
      records[#records + 1] = stored_as(cell.ref, at, bytes_of(cell.row))
    end
  end
  for place = 1, #sweep.looked do
    local cell = sweep.looked[place]
    if not cell.removed and not cell.look then dropped[#dropped + 1] = due_name(cell) end
  end
  call_many('ZREM', prefix .. 'due', dropped)
  call_many('ZADD', prefix .. 'due', dues)
  call_many('HSET', prefix .. 'records', records)
end

-- Give the time after a sweeper's sign of life; an outage ends with it.
local function give_sign_of_life(view, alive_for)
  if view.now > view.alive_until then
    view.outages[#view.outages + 1] = { view.swept_at, view.now }
    while #view.outages > 1000 do table.remove(view.outages, 1) end
  end
  view.swept_at, view.alive_until = view.now, max(view.alive_until, view.now + alive_for)
end

return function(keys, args)
  local view, body = begin_writing(keys, args), unpack_all(args[4])
  outgrown(view, body[3])
  local most, alive_for, next_due = body[4], body[5], first_due(view, '-inf')
  local sweep = {
    left = most, removed = 0, again = {}, looked = {}, forgotten = {}, strays = {}, buried = {}, beside = sheet(),
  }
  local alive = view.alive_until - view.now > alive_for / 2
  if body[6] and alive and not (next_due and next_due <= view.now) and view.now - view.pruned_at < PRUNED_EVERY then
    return reply(view, sweep, next_due, false)
  end
  give_sign_of_life(view, alive_for)
  look_at_all(view, sweep)
  probe(view, sweep.beside.names)
  write(view, {})
  write_sheet(view, sweep.beside)
  write_buried(view, sweep)
  write_looks(view, sweep)
  for place = 1, #sweep.forgotten do forget(view, sweep.forgotten[place]) end
  call_many('ZREM', view.prefix .. 'due', sweep.strays)
  prune(view, most)
  write_meta(view, body[2], {
    'swept_at', view.swept_at, 'alive_until', view.alive_until, 'outages', pack(view.outages), 'pruned_at', view.now,
  })
  tell(view, body[1])
  local done = view.events > 0 or sweep.removed > 0 or sweep.left <= 0
  next_due = first_due(view, done and '-inf' or format('(%.0f', view.now)) -- else what is due is another build's
  return reply(view, sweep, next_due, done and next_due ~= nil and next_due <= view.now)
end
