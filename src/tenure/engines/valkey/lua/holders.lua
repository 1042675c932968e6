-- Read who holds a limit's slot, in the order of creation.
--
-- In: empty hash, generation; empty; [KIND:LIMIT:KEY, most]. Out: the ids.
-- flags: no-writes
return function(keys, args)
  local view, body = begin(keys, args), unpack_all(args[4])
  return pack(call('ZRANGE', view.prefix .. 'slot:' .. body[1], 0, body[2] - 1))
end
