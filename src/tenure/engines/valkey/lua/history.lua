-- Read a record's events after a version, in order: those of the record as it lives now, or as it last lived.
--
-- In: empty hash, generation; empty; [KIND:ID, version, most]. Out: the events.
-- flags: no-writes
local AT_ONCE = 1000

-- Give a record's number and its last version.
local function place_of(view, key)
  local cell = cell_of(view, key)
  if cell.row then return cell.ref, cell.row[VERSION] end
  local ref = call('HGET', view.prefix .. 'graves', key)
  if not ref then return nil end
  local _, version = trace_of(view, ref)
  return ref, version
end

return function(keys, args)
  local view, body = begin(keys, args), unpack_all(args[4])
  local ref, last = place_of(view, body[1])
  local entries, most = {}, body[3]
  if ref then
    local from = 1 + max(body[2], tonumber(call('HGET', view.prefix .. 'skip', ref) or 0))
    while from <= last and #entries < most do
      local upto, names = min(last, from + min(AT_ONCE, most) - 1), {}
      for version = from, upto do names[#names + 1] = ref .. ':' .. version end
      local found = read_many(view.prefix .. 'events', names)
      for place = 1, #names do
        if found[place] and #entries < most then entries[#entries + 1] = ENTRY .. found[place] end
      end
      from = upto + 1
    end
  end
  return array(#entries) .. concat(entries)
end
