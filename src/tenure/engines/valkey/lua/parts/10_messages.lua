-- Effects that wait. A message: effect, kind, id, ref, version, position, tries, token, created_at, next_at, error.
--
--     messages  hash: message id -> message
--     queues    hash: number of the record -> by effect, the ids of those that wait (w) and are given up (g), in order
--     mail      sorted set: position -> message id
--     outbox:KIND:EFFECT   sorted set: next_at -> message id; only the first of each queue is in it
--
-- A message id is its position in 17 digits, the record's number and the effect, so that ids sort by position.

local POSITION = 17

local function message_id(position, ref, effect)
  return format('%017.0f', position) .. ref .. effect
end

local function outbox_name(kind, effect)
  return 'outbox:' .. kind .. ':' .. effect
end

local function outbox_of(view, kind, effect)
  return view.prefix .. outbox_name(kind, effect)
end

local function queues_of(view, ref)
  local found = call('HGET', view.prefix .. 'queues', ref)
  return found and unpack_all(found) or {}
end

local function write_queues(view, ref, queues)
  for effect, queue in pairs(queues) do
    if #queue.w == 0 and #queue.g == 0 then queues[effect] = nil end
  end
  if next(queues) then
    call('HSET', view.prefix .. 'queues', ref, pack(queues))
  else
    call('HDEL', view.prefix .. 'queues', ref)
  end
end

local function write_message(view, id, message)
  call('HSET', view.prefix .. 'messages', id, pack(message))
end

-- Tell whether a record's messages hold it back from being removed.
local function waits(view, ref)
  for _, queue in pairs(queues_of(view, ref)) do
    if #queue.w > 0 then return true end
  end
  return false
end

-- Let the first of a queue be due now, if it is not due already.
local function promote(view, queue)
  local first = queue.w[1]
  local found = first and call('HGET', view.prefix .. 'messages', first)
  if not found then return end
  local message = unpack_all(found)
  if message.next_at then return end
  message.next_at = view.now
  write_message(view, first, message)
  call('ZADD', outbox_of(view, message.kind, message.effect), view.now, first)
end

-- Put the messages of one event into their queues. One waits without a time while an earlier one of its record does.
local function send(view, event, effects)
  local cell, position = view.event_cells[event], view.event_positions[event]
  local kind, id_of_row, ref = cell.row[KIND], cell.row[ID], cell.ref
  local queues = queues_of(view, ref)
  for place = 1, #effects do
    local effect = effects[place]
    local queue = queues[effect] or { w = {}, g = {} }
    queues[effect] = queue
    local id = message_id(position, ref, effect)
    local message = {
      effect = effect, kind = kind, id = id_of_row, ref = ref, version = view.event_versions[event],
      position = position, tries = 0, token = 0, created_at = view.now, error = '',
    }
    write_message(view, id, message)
    call('ZADD', view.prefix .. 'mail', position, id)
    call('ZADD', view.prefix .. 'indexes', 0, outbox_name(kind, effect))
    queue.w[#queue.w + 1] = id
    if #queue.w == 1 then promote(view, queue) end
  end
  write_queues(view, ref, queues)
end

-- Forget the messages of a record that is gone; all that are left were given up.
local function drop_messages(view, ref)
  for _, queue in pairs(queues_of(view, ref)) do
    for _, ids in pairs(queue) do
      for place = 1, #ids do
        call('HDEL', view.prefix .. 'messages', ids[place])
        call('ZREM', view.prefix .. 'mail', ids[place])
      end
    end
  end
  call('HDEL', view.prefix .. 'queues', ref)
end

-- Give a message with its event and its record, as a reply has it.
local function told(view, message)
  local key = message.kind .. ':' .. message.id
  local cell = cell_of(view, key)
  local event = cell.ref == message.ref and call('HGET', view.prefix .. 'events', cell.ref .. ':' .. message.version)
  if not event then return nil end
  return '\152' .. pack(message.effect) .. ENTRY .. event .. row_or_nothing(cell.row)
    .. pack(message.tries, message.token, message.created_at, message.next_at, message.error)
end
