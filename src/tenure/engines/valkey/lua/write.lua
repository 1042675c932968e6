-- Apply transactions in order, each all or not at all.
--
-- In: hash of the tables, generation, instant; [writer, generation of a new space, kinds that another build has
-- outgrown, transactions as in `12_batch`]. Out: [position before, position after,
-- generation, outcomes, events]. Refusals are outcomes. Errors, which have changed nothing: REPLACED, NEWER, SEALED,
-- UNLEARNED.
local FIRST = 4

return function(keys, args)
  local view, body = begin_writing(keys, args), unpack_all(args[4])
  outgrown(view, body[3])
  local outcomes, number, answers = run_all(view, body, FIRST)
  if changed(view) then
    write(view, answers)
    write_meta(view, body[2])
    tell(view, body[1])
  end
  return '\149' .. pack(view.before, view.sequence, view.generation or '') .. array(number) .. concat(outcomes)
    .. events_made(view)
end
