-- Let a record's given up messages be tried again.
--
-- In: empty hash, generation, instant; [KIND:ID, effect]. Out: how many there were.
return function(keys, args)
  local view, body = begin_writing(keys, args), unpack_all(args[4])
  probe(view, { outbox_name(string.match(body[1], '^[^:]+'), body[2]) })
  local cell = cell_of(view, body[1])
  local queues = cell.row and queues_of(view, cell.ref) or {}
  local queue = queues[body[2]]
  if not queue or #queue.g == 0 then return 0 end
  local again = queue.g
  for place = 1, #again do
    local message = unpack_all(call('HGET', view.prefix .. 'messages', again[place]))
    message.tries, message.created_at, message.next_at = 0, view.now, nil
    write_message(view, again[place], message)
    queue.w[#queue.w + 1] = again[place]
  end
  table.sort(queue.w)
  queue.g = {}
  promote(view, queue)
  write_queues(view, cell.ref, queues)
  return #again
end
