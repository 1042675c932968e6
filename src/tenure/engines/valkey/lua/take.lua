-- Take messages that are due for delivery, the oldest of each record only, for a lease.
--
-- In: empty hash, generation, instant; [kind, effect, most, lease]. Out: the messages, each [effect, event, row,
-- tries, token, created_at, next_at, error]. A token is the next value of the sequence. An event that is gone is
-- nobody's: its message goes.
return function(keys, args)
  local view, body = begin_writing(keys, args), unpack_all(args[4])
  local outbox = outbox_of(view, body[1], body[2])
  probe(view, { outbox_name(body[1], body[2]) })
  local ids = call('ZRANGE', outbox, '-inf', format('%.0f', view.now), 'BYSCORE', 'LIMIT', 0, body[3])
  if #ids == 0 then return array(0) end
  view.sequence = max(view.sequence, view.now)
  local taken = {}
  for place = 1, #ids do
    local message = unpack_all(call('HGET', view.prefix .. 'messages', ids[place]))
    view.sequence = view.sequence + 1
    message.tries, message.token, message.next_at = message.tries + 1, view.sequence, view.now + body[4]
    write_message(view, ids[place], message)
    call('ZADD', outbox, message.next_at, ids[place])
    taken[#taken + 1] = told(view, message)
  end
  write_meta(view)
  return array(#taken) .. concat(taken)
end
