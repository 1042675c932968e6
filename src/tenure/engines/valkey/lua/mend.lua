-- Mend what stands beside some records, but for those that have changed meanwhile.
--
-- In: empty hash, generation; empty; [whether also in a sealed space, [[KIND:ID, the record as it was found in
-- hexadecimal (empty: none), members to drop as [[name, member], …], members to add as [[name, member, score], …], the
-- look to set, or null to leave it, or 0 for none], …]]. Out: how many were mended.
local function in_hex(bytes)
  return (string.gsub(bytes, '.', function(one) return format('%02x', string.byte(one)) end))
end

local function mend_look(view, cell, at)
  if not cell.row then return end
  call('ZREM', view.prefix .. 'due', due_name(cell))
  if at > 0 then call('ZADD', view.prefix .. 'due', at, due_name(cell)) end
  call('HSET', view.prefix .. 'records', cell.key, stored_as(cell.ref, at, bytes_of(cell.row)))
end

return function(keys, args)
  local body = cmsgpack.unpack(args[4])
  local view = body[1] and begin(keys, args) or begin_writing(keys, args)
  local beside, looks, mended = sheet(), {}, 0
  for place = 1, #body[2] do
    local one = body[2][place]
    if in_hex(cell_of(view, one[1]).stored or '') == one[2] then
      for _, spot in ipairs(one[3]) do drop(beside, spot[1], spot[2]) end
      for _, spot in ipairs(one[4]) do add(beside, spot[1], spot[3], spot[2]) end
      if one[5] then looks[one[1]] = one[5] end
      mended = mended + 1
    end
  end
  probe(view, beside.names)
  write_sheet(view, beside)
  for key, at in pairs(looks) do mend_look(view, view.cells[key], at) end
  return mended
end
