-- Read the messages that wait or were given up, the oldest first.
--
-- In: empty hash, generation; empty; [kind or null, effect or null, most]. Out: the messages, as of `take`.
-- flags: no-writes
local AT_ONCE = 500

return function(keys, args)
  local view, body = begin(keys, args), unpack_all(args[4])
  local kind, effect, most = body[1], body[2], body[3]
  local found, from = {}, 0
  while #found < most do
    local ids = call('ZRANGE', view.prefix .. 'mail', from, from + AT_ONCE - 1)
    if #ids == 0 then break end
    local stored = read_many(view.prefix .. 'messages', ids)
    for place = 1, #ids do
      local message = unpack_all(stored[place])
      if (not kind or message.kind == kind) and (not effect or message.effect == effect) and #found < most then
        found[#found + 1] = told(view, message)
      end
    end
    from = from + #ids
  end
  return array(#found) .. concat(found)
end
