-- Read what is looked at next.
--
-- In: empty hash, generation; empty; most. Out: [[instant, KIND:ID], …].
-- flags: no-writes
return function(keys, args)
  local view, most = begin(keys, args), tonumber(args[4])
  local looks, from = {}, 0
  while #looks < most do
    local found = call('ZRANGE', view.prefix .. 'due', from, from + most - 1, 'WITHSCORES')
    if #found == 0 then break end
    for place = 1, #found, 2 do
      if #found[place] > NUMBER and #looks < most then
        looks[#looks + 1] = '\146' .. pack(tonumber(found[place + 1]), sub(found[place], NUMBER + 1))
      end
    end
    from = from + most
  end
  return array(#looks) .. concat(looks)
end
