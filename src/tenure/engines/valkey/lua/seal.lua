-- Refuse all writes of a space, or allow them again.
--
-- In: empty hash, generation; empty; [the reason or empty, generation of a new space]. Out: OK.
return function(keys, args)
  local view, body = begin(keys, args), unpack_all(args[4])
  write_meta(view, body[2])
  if body[1] == '' then
    call('HDEL', view.meta, 'seal')
  else
    call('HSET', view.meta, 'seal', body[1])
  end
  return redis.status_reply('OK')
end
