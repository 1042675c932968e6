-- What one call has read and will write. A `cell` is one record in it: as found, as it is by now, and its place.

-- Give what lies in a space before the call. ARGV: hash of the tables, generation, instant (or empty), body, whether
-- this is a cluster (or empty).
local function begin(keys, args)
  if not call then prepare() end
  local meta = keys[1]
  local found = call('HMGET', meta, 'generation', 'format', 'sequence', 'read_at', 'seal', 'swept_at', 'alive_until',
    'outages', 'ops', 'pruned_at')
  if args[2] ~= '' and found[1] ~= args[2] then
    fail('REPLACED the space was ' .. (found[1] and 'begun anew' or 'emptied'))
  end
  if found[2] and tonumber(found[2]) > FORMAT then
    fail('NEWER the space has format ' .. found[2] .. ', and this build knows ' .. FORMAT)
  end
  local build = builds[args[1]]
  if args[1] ~= '' and not build then fail('UNLEARNED the tables are not known here') end
  local now = tonumber(args[3])
  if not now then
    local clock = call('TIME')
    now = clock[1] * 1000000 + clock[2]
  end
  return {
    meta = meta,
    prefix = sub(meta, 1, -5),
    kinds = build and build.kinds,
    followers = build and build.followers,
    generation = found[1],
    sequence = tonumber(found[3] or 0),
    before = tonumber(found[3] or 0),
    now = max(now, tonumber(found[4] or 0)),
    seal = found[5],
    swept_at = tonumber(found[6] or 0),
    alive_until = tonumber(found[7] or 0),
    outages = found[8] and unpack_all(found[8]) or {},
    ops = found[9] and found[9] ~= '' and lines_of(found[9]) or {},
    pruned_at = tonumber(found[10] or 0),
    cluster = args[5] == '1',
    outgrown = {},
    cells = {},
    touched = {},
    slots = {},
    serials = {},
    answers = {},
    moved = {},
    made = {},
    events = 0,
    event_cells = {},
    event_versions = {},
    event_positions = {},
    event_edges = {},
    event_bytes = {},
    undo = {},
    undone = 0,
  }
end

-- The same for a call that writes: a sealed space is only read.
local function begin_writing(keys, args)
  local view = begin(keys, args)
  if view.seal then fail('SEALED ' .. view.seal) end
  return view
end

local WRITTEN = {
  'records', 'events', 'feed', 'due', 'indexes', 'serials', 'queues', 'messages', 'mail', 'gone', 'graves', 'skip',
}

-- In a cluster that moves a slot key by key, a command on a key that is not there fails: let it fail before the first
-- write. `names` are what will be written besides the keys that each space has.
local function probe(view, names)
  if not view.cluster then return end
  local keys = {}
  for place = 1, #WRITTEN do keys[place] = view.prefix .. WRITTEN[place] end
  for place = 1, #names do keys[#keys + 1] = view.prefix .. names[place] end
  for from = 1, #keys, MOST_VALUES do call('EXISTS', unpack(keys, from, min(#keys, from + MOST_VALUES - 1))) end
end

-- Read records by KIND:ID into cells, at once.
local function load(view, keys)
  local cells, wanted = view.cells, {}
  for place = 1, #keys do
    local key = keys[place]
    if not cells[key] then
      wanted[#wanted + 1] = key
      cells[key] = { key = key, found = false, row = false, ref = false, stored = false, touched = false }
    end
  end
  local found = read_many(view.prefix .. 'records', wanted)
  for place = 1, #wanted do
    local stored = found[place]
    if stored then
      local cell = cells[wanted[place]]
      cell.ref = sub(stored, 1, NUMBER)
      cell.stored = stored
      cell.found = row_in(stored)
      cell.row = cell.found
    end
  end
end

local function cell_of(view, key)
  local cell = view.cells[key]
  if cell then return cell end
  load(view, { key })
  return view.cells[key]
end

-- When the record is looked at, as stored or as this call has set it.
local function look_of(cell)
  local look = cell.look
  if look == nil then
    look = cell.stored and look_in(cell.stored)
    cell.look = look
  end
  return look
end

-- Change a value of the view in a way that a refused transaction can undo.
local function set(view, table, name, to)
  local undone = view.undone + 3
  local undo = view.undo
  undo[undone - 2], undo[undone - 1], undo[undone] = table, name, table[name]
  view.undone = undone
  table[name] = to
end

local function roll_back(view)
  local undo = view.undo
  for place = view.undone, 3, -3 do undo[place - 2][undo[place - 1]] = undo[place] end
  view.undone = 0
end

-- Give how much of the time from an instant until now does not count: `core/clock.py`.
local function credit(view, since)
  local outages, now = view.outages, view.now
  local last = outages[#outages]
  if now <= view.alive_until and (not last or last[2] <= since) then return 0 end
  local lost = now > view.alive_until and now - max(view.swept_at, since) or 0
  for place = 1, #outages do
    local began, ended = outages[place][1], outages[place][2]
    if ended > since then lost = lost + ended - max(began, since) end
  end
  return lost
end
