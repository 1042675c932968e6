-- Read the events of some kinds (all, if none is named) after a position, in order.
--
-- In: empty hash, generation; empty; [kinds, position, most]. Out: [position from which to go on, or null when there
-- are no more; position of the space; the events]. One call looks at a bounded number of events.
-- flags: no-writes
local BATCHES_AT_ONCE, MOST_LOOKED_AT = 16, 5000

return function(keys, args)
  local view, body = begin(keys, args), unpack_all(args[4])
  local wanted, after, most = {}, body[2], body[3]
  for place = 1, #body[1] do wanted[body[1][place]] = true end
  local all, entries, looked_at = #body[1] == 0, {}, 0
  local done = after
  while #entries < most and looked_at < MOST_LOOKED_AT do
    local batches = call('ZRANGE', view.prefix .. 'feed', '(' .. format('%.0f', done), '+inf', 'BYSCORE', 'LIMIT', 0,
      BATCHES_AT_ONCE, 'WITHSCORES')
    if #batches == 0 then
      done = nil
      break
    end
    for place = 1, #batches, 2 do
      local names = lines_of(batches[place])
      local found = read_many(view.prefix .. 'events', names)
      for number = 1, #names do
        if found[number] then
          local _, position, kind = unpack_some(found[number], 2)
          if position > after and (all or wanted[kind]) then entries[#entries + 1] = ENTRY .. found[number] end
        end
      end
      looked_at = looked_at + #names
      done = tonumber(batches[place + 1])
      if #entries >= most then break end
    end
  end
  local given = min(#entries, most)
  return '\147' .. pack(done, view.sequence) .. array(given) .. concat(entries, '', 1, given)
end
