-- Read records.
--
-- In: empty hash, generation; empty; [KIND:ID, …]. Out: the rows, null for what is not there.
-- flags: no-writes
return function(keys, args)
  local view = begin(keys, args)
  local names = unpack_all(args[4])
  local found, rows = read_many(view.prefix .. 'records', names), {}
  for place = 1, #names do
    rows[place] = found[place] and ROW .. sub(found[place], PLACE + 1) or NOTHING
  end
  return array(#rows) .. concat(rows)
end
