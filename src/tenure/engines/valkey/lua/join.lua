-- Tell the generation of a space (empty, if nobody has written to it), its last position, and why it is sealed.
--
-- In: empty hash, generation. Out: [generation, position, reason or empty].
-- flags: no-writes
return function(keys, args)
  local view = begin(keys, args)
  return '\147' .. pack(view.generation or '', view.sequence, view.seal or '')
end
