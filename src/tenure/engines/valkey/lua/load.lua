-- Put pieces into a space as they are, sealed or not, without what stands beside the records.
--
-- In: empty hash, generation; empty; [generation of a new space, clock or null, serials, records, removed, events,
-- messages, answers]: a record as [number, KIND:ID, row], a removed one as [number, KIND:ID, kept until], the rest as `dump`
-- gives them. Out: OK.
local function load_clock(view, clock)
  view.sequence, view.now = max(view.sequence, clock[1]), max(tonumber(call('HGET', view.meta, 'read_at') or 0), clock[2])
  return { 'swept_at', clock[3], 'alive_until', clock[4], 'outages', pack(clock[5]) }
end

-- Bury a record whose last version its events will tell.
local function load_removed(view, one)
  local prefix, ref, key = view.prefix, one[1], one[2]
  call('ZADD', prefix .. 'gone', ref, '0:' .. key)
  if (call('HGET', prefix .. 'graves', key) or '') < ref then call('HSET', prefix .. 'graves', key, ref) end
  if one[3] then call('ZADD', prefix .. 'due', one[3], ref) end
end

local function load_event(view, ref, entry)
  local prefix, position, version = view.prefix, entry[1], entry[4]
  local trace, last, key = trace_of(view, ref)
  if trace and version > last then
    call('ZREM', prefix .. 'gone', trace)
    call('ZADD', prefix .. 'gone', ref, version .. ':' .. key)
  end
  local name = ref .. ':' .. version
  call('HSET', prefix .. 'events', name, pack(unpack(entry, 1, 15)))
  if version > 1 and call('HEXISTS', prefix .. 'events', ref .. ':' .. (version - 1)) == 0 then
    call('HSETNX', prefix .. 'skip', ref, version - 1)
  end
  return name, position
end

local function load_events(view, events)
  local names, last = {}, nil
  for place = 1, #events do names[place], last = load_event(view, events[place][1], events[place][2]) end
  if last then call('ZADD', view.prefix .. 'feed', last, concat(names, '\n')) end
end

-- Find the version of a record's event at a position.
local function version_at(view, ref, position)
  local batch = call('ZRANGE', view.prefix .. 'feed', format('%.0f', position), '+inf', 'BYSCORE', 'LIMIT', 0, 1)[1]
  for _, name in ipairs(batch and lines_of(batch) or {}) do
    if sub(name, 1, NUMBER) == ref then
      local _, at = unpack_some(call('HGET', view.prefix .. 'events', name), 1)
      if at == position then return tonumber(sub(name, NUMBER + 2)) end
    end
  end
end

local function load_message(view, one)
  local prefix, ref, effect, position = view.prefix, one[1], one[4], one[5]
  local id = message_id(position, ref, effect)
  local message = {
    ref = ref, kind = one[2], id = one[3], effect = effect, position = position, next_at = one[6], tries = one[7],
    token = one[8], created_at = one[9], error = one[11], version = version_at(view, ref, position),
  }
  write_message(view, id, message)
  call('ZADD', prefix .. 'mail', position, id)
  call('ZADD', prefix .. 'indexes', 0, 'outbox:' .. message.kind .. ':' .. effect)
  local queues = queues_of(view, ref)
  local queue = queues[effect] or { w = {}, g = {} }
  queues[effect] = queue
  local list = one[10] and queue.g or queue.w
  list[#list + 1] = id
  table.sort(list)
  write_queues(view, ref, queues)
  if message.next_at and not one[10] then call('ZADD', outbox_of(view, message.kind, effect), message.next_at, id) end
end

return function(keys, args)
  local view, body = begin(keys, args), unpack_all(args[4])
  local meta = body[2] and load_clock(view, body[2])
  local serials, records, answers = {}, {}, {}
  for _, one in ipairs(body[3]) do
    serials[#serials + 1] = one[1]
    serials[#serials + 1] = one[2]
  end
  call_many('HSET', view.prefix .. 'serials', serials)
  for _, one in ipairs(body[4]) do
    records[#records + 1] = one[2]
    records[#records + 1] = stored_as(one[1], nil, pack(unpack(one[3], 1, 14)))
  end
  call_many('HSET', view.prefix .. 'records', records)
  for _, one in ipairs(body[5]) do load_removed(view, one) end
  load_events(view, body[6])
  for _, one in ipairs(body[7]) do load_message(view, one) end
  for _, one in ipairs(body[8]) do
    answers[#answers + 1] = one[1]
    local rows = {}
    for place = 1, #one[3] do rows[place] = ROW .. pack(unpack(one[3][place], 1, 14)) end
    answers[#answers + 1] = char(#one[2]) .. one[2] .. array(#rows) .. concat(rows)
  end
  view.buckets = write_answers(view, answers)
  write_meta(view, body[1], meta)
  return redis.status_reply('OK')
end
