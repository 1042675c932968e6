-- Read some of a space's records, for an audit: as stored, and whether the event of its version is there.
--
-- In: empty hash, generation; empty; [cursor, how many]. Out: [next cursor, records, whether each has its event].
-- flags: no-writes
return function(keys, args)
  local view, body = begin(keys, args), unpack_all(args[4])
  local found = call('HSCAN', view.prefix .. 'records', body[1], 'COUNT', body[2])
  local stored, names = {}, {}
  for place = 2, #found[2], 2 do
    local one = found[2][place]
    local _, _, _, _, version = unpack_some(one, 4, PLACE)
    stored[#stored + 1], names[#names + 1] = binary(one), sub(one, 1, NUMBER) .. ':' .. version
  end
  local events, has = read_many(view.prefix .. 'events', names), {}
  for place = 1, #names do has[place] = events[place] ~= false end
  return '\147' .. pack(found[1]) .. array(#stored) .. concat(stored) .. pack(has)
end
