-- Remove all that a space holds, sealed or not, in bounded steps; its clock and its seal stay.
--
-- In: empty hash, generation. Out: 1 if there is more.
local AT_ONCE = 500
local NAMES = {
  'records', 'events', 'feed', 'due', 'serials', 'queues', 'messages', 'mail', 'gone', 'graves', 'skip', 'indexes',
}

return function(keys, args)
  local view = begin(keys, args)
  local indexes = call('ZRANGE', view.prefix .. 'indexes', 0, AT_ONCE - 1)
  for place = 1, #indexes do call('UNLINK', view.prefix .. indexes[place]) end
  call_many('ZREM', view.prefix .. 'indexes', indexes)
  if #indexes == AT_ONCE then return 1 end
  for place = 1, #view.ops do call('UNLINK', view.prefix .. 'ops:' .. view.ops[place]) end
  for place = 1, #NAMES do call('UNLINK', view.prefix .. NAMES[place]) end
  local kept = { generation = true, format = true, sequence = true, read_at = true, seal = true }
  local fields = call('HKEYS', view.meta)
  for place = 1, #fields do
    if not kept[fields[place]] then call('HDEL', view.meta, fields[place]) end
  end
  return 0
end
