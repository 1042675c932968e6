-- Read some of all that a space holds, one sort after the other.
--
-- In: empty hash, generation; empty; [sort, where to go on (null: the beginning), most]. Out: [where to go on, or null
-- at the end of the sort; what was read]:
--
--     clock    [sequence, read_at, swept_at, alive_until, outages]
--     serials  [KIND:FIELD, last]
--     records  [number, row], by number. Error INCOMPLETE where the lists of the states are not whole
--     removed  [number, KIND:ID, kept until]
--     events   [number, event]
--     messages [number, kind, id, effect, position, next_at, tries, token, created_at, given up, error]
--     answers  [op, digest and rows], by bucket and cursor; of these there may be more than were asked for
-- flags: no-writes
local read = {}

function read.clock(view)
  local outages = {}
  for place = 1, #view.outages do outages[place] = '\146' .. pack(view.outages[place][1], view.outages[place][2]) end
  local clock = tonumber(call('HGET', view.meta, 'read_at') or 0)
  return { '\149' .. pack(view.sequence, clock, view.swept_at, view.alive_until) .. array(#outages) .. concat(outages) }
end

function read.serials(view)
  local found, pieces = call('HGETALL', view.prefix .. 'serials'), {}
  for place = 1, #found, 2 do
    pieces[#pieces + 1] = '\146' .. pack(found[place], tonumber(found[place + 1]))
  end
  return pieces
end

local function check_lists(view, names)
  local listed = 0
  for place = 1, #names do listed = listed + call('ZCARD', view.prefix .. names[place]) end
  if listed ~= call('HLEN', view.prefix .. 'records') then
    fail('INCOMPLETE the lists of the states do not have each record once: repair them by an audit')
  end
end

-- Give the first so many records after a number, over all states: [number, name of the list, KIND:ID].
local function listed_after(view, names, from, most)
  local listed = {}
  for place = 1, #names do
    local name = names[place]
    local kind = string.match(name, '^state:([^:]+):')
    local found = call('ZRANGE', view.prefix .. name, from and '(' .. from or '-inf', '+inf', 'BYSCORE', 'LIMIT', 0, most,
      'WITHSCORES')
    for number = 1, #found, 2 do
      listed[#listed + 1] = { tonumber(found[number + 1]), name, kind .. ':' .. found[number] }
    end
  end
  table.sort(listed, function(one, other) return one[1] < other[1] end)
  return listed
end

function read.records(view, from, most)
  local names, pieces = call('ZRANGE', view.prefix .. 'indexes', '[state:', '(state;', 'BYLEX'), {}
  if not from then check_lists(view, names) end
  local listed, keys = listed_after(view, names, from, most), {}
  for place = 1, min(most, #listed) do keys[place] = listed[place][3] end
  load(view, keys)
  for place = 1, #keys do
    local cell = view.cells[keys[place]]
    if not cell.row or 'state:' .. cell.row[KIND] .. ':' .. cell.row[STATE] ~= listed[place][2] then
      fail('INCOMPLETE the list ' .. listed[place][2] .. ' has what is not there: repair it by an audit')
    end
    pieces[place] = '\146' .. pack(cell.ref) .. ROW .. bytes_of(cell.row)
  end
  return pieces, #keys == most and pack(view.cells[keys[most]].ref) or nil
end

function read.removed(view, from, most)
  local found = call('ZRANGE', view.prefix .. 'gone', '(' .. (from or '0'), '+inf', 'BYSCORE', 'LIMIT', 0, most,
    'WITHSCORES')
  local pieces, ref = {}, nil
  for place = 1, #found, 2 do
    ref = format('%016.0f', tonumber(found[place + 1]))
    local kept_until = tonumber(call('ZSCORE', view.prefix .. 'due', ref) or nil)
    pieces[#pieces + 1] = '\147' .. pack(ref, sub(found[place], find(found[place], ':', 1, true) + 1), kept_until)
  end
  return pieces, #pieces == most and pack(ref) or nil
end

function read.events(view, from, most)
  local pieces, after, done = {}, from or 0, nil
  while #pieces < most do
    local batch = call('ZRANGE', view.prefix .. 'feed', '(' .. format('%.0f', done or after), '+inf', 'BYSCORE', 'LIMIT', 0,
      1, 'WITHSCORES')
    if #batch == 0 then return pieces end
    local names = lines_of(batch[1])
    local found = read_many(view.prefix .. 'events', names)
    for place = 1, #names do
      local _, position
      if found[place] then _, position = unpack_some(found[place], 1) end
      if position and position > after and #pieces < most then
        pieces[#pieces + 1] = '\146' .. pack(sub(names[place], 1, NUMBER)) .. ENTRY .. found[place]
        done = position
      end
    end
    if #pieces < most then done = tonumber(batch[2]) end
  end
  return pieces, pack(done)
end

function read.messages(view, from, most)
  local least = from and sub(from, 1, POSITION) or '-inf'
  local pieces, skipped, last = {}, 0, nil
  while #pieces < most do
    local ids = call('ZRANGE', view.prefix .. 'mail', least, '+inf', 'BYSCORE', 'LIMIT', skipped, most)
    if #ids == 0 then return pieces end
    for place = 1, #ids do
      if (not from or ids[place] > from) and #pieces < most then
        local m = unpack_all(call('HGET', view.prefix .. 'messages', ids[place]))
        local given_up = true
        for _, id in ipairs((queues_of(view, m.ref)[m.effect] or { w = {} }).w) do
          if id == ids[place] then given_up = false end
        end
        pieces[#pieces + 1] = '\155' .. pack(m.ref, m.kind, m.id, m.effect, m.position, m.next_at, m.tries, m.token,
          m.created_at, given_up, m.error)
        last = ids[place]
      end
    end
    skipped = skipped + #ids
  end
  return pieces, pack(last)
end

function read.answers(view, from, most)
  local bucket, cursor = from and from[1] or view.ops[1], from and from[2] or '0'
  if not bucket then return {} end
  local found, pieces = call('HSCAN', view.prefix .. 'ops:' .. bucket, cursor, 'COUNT', most), {}
  for place = 1, #found[2], 2 do
    local answer = found[2][place + 1]
    local size = string.byte(answer)
    pieces[#pieces + 1] = '\147' .. pack(found[2][place], sub(answer, 2, size + 1)) .. sub(answer, size + 2)
  end
  if found[1] ~= '0' then return pieces, '\146' .. pack(bucket, found[1]) end
  for place = 1, #view.ops - 1 do
    if view.ops[place] == bucket then return pieces, '\146' .. pack(view.ops[place + 1], '0') end
  end
  return pieces
end

return function(keys, args)
  local view, body = begin(keys, args), unpack_all(args[4])
  local pieces, from = read[body[1]](view, body[2], body[3])
  return '\146' .. (from or NOTHING) .. array(#pieces) .. concat(pieces)
end
