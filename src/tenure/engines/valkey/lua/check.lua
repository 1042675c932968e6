-- Give the outcome that a transaction would have now; nothing is written.
--
-- In: hash of the tables, generation, instant; the transaction, as in `12_batch`. Out: its outcome, as of `write`.
-- flags: no-writes
return function(keys, args)
  local view = begin(keys, args)
  return concat((run_all(view, unpack_all(args[4]), 1)))
end
