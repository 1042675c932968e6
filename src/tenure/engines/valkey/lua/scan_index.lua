-- Read some of one sorted set, or the names of those that are not empty, for an audit.
--
-- In: empty hash, generation; empty; [name, cursor, how many]. Out: [next cursor, members with their scores in turn].
-- flags: no-writes
return function(keys, args)
  local view, body = begin(keys, args), unpack_all(args[4])
  local found = call('ZSCAN', view.prefix .. body[1], body[2], 'COUNT', body[3])
  return '\146' .. pack(found[1], found[2])
end
