-- Say what became of taken messages; one whose token is no longer the last is left alone.
--
-- In: empty hash, generation, instant; [[effect, KIND:ID, token, done, again_at or null, error], …]. Out: OK.
local function position_in(ids, id)
  for place = 1, #ids do
    if ids[place] == id then return place end
  end
end

-- Find the message of a queue that has this token.
local function taken(view, queue, token)
  for place = 1, #queue.w do
    local message = unpack_all(call('HGET', view.prefix .. 'messages', queue.w[place]))
    if message.token == token then return queue.w[place], message end
  end
end

local function settle(view, effect, key, token, done, again_at, trouble)
  local cell = cell_of(view, key)
  if not cell.row then return end
  local queues = queues_of(view, cell.ref)
  local queue = queues[effect]
  if not queue then return end
  local id, message = taken(view, queue, token)
  if not id then return end
  local outbox = outbox_of(view, message.kind, effect)
  if done then
    call('HDEL', view.prefix .. 'messages', id)
    call('ZREM', view.prefix .. 'mail', id)
  else
    message.next_at, message.error, message.token = again_at, trouble, 0
    write_message(view, id, message)
  end
  if again_at and not done then
    call('ZADD', outbox, again_at, id)
    return
  end
  call('ZREM', outbox, id)
  table.remove(queue.w, position_in(queue.w, id))
  if not done then queue.g[#queue.g + 1] = id end
  promote(view, queue)
  write_queues(view, cell.ref, queues)
end

return function(keys, args)
  local view, all = begin_writing(keys, args), unpack_all(args[4])
  local names = {}
  for place = 1, #all do names[place] = outbox_name(string.match(all[place][2], '^[^:]+'), all[place][1]) end
  probe(view, names)
  for place = 1, #all do
    local one = all[place]
    settle(view, one[1], one[2], one[3], one[4], one[5], one[6])
  end
  return redis.status_reply('OK')
end
