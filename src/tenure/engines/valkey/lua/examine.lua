-- Read some records with what stands beside each, in one instant.
--
-- In: empty hash, generation; empty; [[KIND:ID, [[name of a sorted set, member], …]], …]. Out: for each record: [as
-- stored or null, its look or null, the score of each member or null].
-- flags: no-writes
return function(keys, args)
  local view, body = begin(keys, args), unpack_all(args[4])
  local found = {}
  for place = 1, #body do
    local key, spots, scores = body[place][1], body[place][2], {}
    local cell = cell_of(view, key)
    for number = 1, #spots do
      scores[number] = pack(call('ZSCORE', view.prefix .. spots[number][1], spots[number][2]) or nil)
    end
    found[place] = '\147' .. (cell.stored and binary(cell.stored) or NOTHING)
      .. pack(cell.ref and call('ZSCORE', view.prefix .. 'due', due_name(cell)) or nil) .. array(#scores) .. concat(scores)
  end
  return array(#found) .. concat(found)
end
