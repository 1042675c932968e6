-- Events that were kept long enough go, in bounded steps.
--
-- For each length of keeping stands how far the feed was looked through (`pruned:LENGTH` in meta). A record's last
-- event stays, and so do commands that its holder has not seen, and events whose message waits.

local BATCHES_AT_ONCE = 8

local function message_waits(view, ref, version)
  for _, queue in pairs(queues_of(view, ref)) do
    for _, ids in pairs(queue) do
      for place = 1, #ids do
        local message = unpack_all(call('HGET', view.prefix .. 'messages', ids[place]))
        if message.version == version then return true end
      end
    end
  end
  return false
end

local function stays(view, ref, kind, id, version)
  local cell = cell_of(view, kind .. ':' .. id)
  local row = cell.ref == ref and cell.row
  if row and (version == row[VERSION] or (row[TOLD] > row[SEEN] and version > row[SEEN])) then return true end
  return message_waits(view, ref, version)
end

-- Note that a record's events are gone up to a version, if those before are gone too.
local function skip(view, ref, version)
  local known = tonumber(call('HGET', view.prefix .. 'skip', ref) or 0)
  if version == known + 1 then call('HSET', view.prefix .. 'skip', ref, version) end
end

-- Prune one batch of the feed; give how many events it had.
local function prune_batch(view, names, kinds, score)
  local listed, found, kept = lines_of(names), nil, {}
  found = read_many(view.prefix .. 'events', listed)
  for place = 1, #listed do
    if found[place] then
      local _, _, kind, id, version = unpack_some(found[place], 4)
      local ref = sub(listed[place], 1, NUMBER)
      if not kinds[kind] or stays(view, ref, kind, id, version) then
        kept[#kept + 1] = listed[place]
      else
        call('HDEL', view.prefix .. 'events', listed[place])
        skip(view, ref, version)
      end
    end
  end
  if #kept < #listed then
    call('ZREM', view.prefix .. 'feed', names)
    if #kept > 0 then call('ZADD', view.prefix .. 'feed', score, concat(kept, '\n')) end
  end
  return #listed
end

local function prune_length(view, length, kinds, most)
  local field = 'pruned:' .. format('%.0f', length)
  local done = call('HGET', view.meta, field) or '0'
  local limit, seen = format('(%.0f', view.now - length), 0
  while seen < most do
    local batches = call('ZRANGE', view.prefix .. 'feed', '(' .. done, limit, 'BYSCORE', 'LIMIT', 0, BATCHES_AT_ONCE,
      'WITHSCORES')
    if #batches == 0 then break end
    for place = 1, #batches, 2 do
      seen = seen + prune_batch(view, batches[place], kinds, batches[place + 1])
      done = batches[place + 1]
      if seen >= most then break end
    end
  end
  if seen > 0 then call('HSET', view.meta, field, done) end
end

-- Forget op ids that are old enough, and events that were kept long enough.
local function prune(view, most)
  view.buckets = view.buckets or drop_buckets(view)
  local lengths = {}
  for kind, table in pairs(view.kinds) do
    lengths[table.history] = lengths[table.history] or {}
    lengths[table.history][kind] = true
  end
  for length, kinds in pairs(lengths) do prune_length(view, length, kinds, most) end
end
