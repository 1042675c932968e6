-- Count the records of each kind by state.
--
-- In: empty hash, generation. Out: [[KIND:STATE, number], …].
-- flags: no-writes
return function(keys, args)
  local view = begin(keys, args)
  local names, counts = call('ZRANGEBYLEX', view.prefix .. 'indexes', '[state:', '(state;'), {}
  for place = 1, #names do
    counts[place] = '\146' .. pack(sub(names[place], 7), call('ZCARD', view.prefix .. names[place]))
  end
  return array(#counts) .. concat(counts)
end
