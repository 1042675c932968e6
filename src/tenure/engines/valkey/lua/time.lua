-- Read the clock and what is credited.
--
-- In: empty hash, generation, instant. Out: [now, swept_at, alive_until, outages].
-- flags: no-writes
return function(keys, args)
  local view = begin(keys, args)
  local outages = {}
  for place = 1, #view.outages do outages[place] = '\146' .. pack(view.outages[place][1], view.outages[place][2]) end
  return '\148' .. pack(view.now, view.swept_at, view.alive_until) .. array(#outages) .. concat(outages)
end
