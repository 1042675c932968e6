-- Read a page of records of some states: by creation, below a parent, or by rank.
--
-- In: empty hash, generation; empty; a map: kind, states, most, newest (boolean), and where given: after (an id),
-- parent (KIND:ID), per, rank (of `after`: [key, value as text]), ranked (boolean), from (where a page was left).
-- Out: [where the page was left, null at its end, false where nothing is known of `after`; the rows]. A call looks at
-- a bounded number of records.
-- flags: no-writes
local AT_ONCE, MOST_LOOKED_AT = 500, 5000

-- Give the number of the record after which a page begins, also if that record is gone.
local function number_after(view, key)
  local cell = cell_of(view, key)
  return cell.ref or call('HGET', view.prefix .. 'graves', key) or nil
end

-- Read members of a sorted set by score, from a bound on.
local function by_score(key, query, bound, most)
  if query.newest then
    return call('ZRANGE', key, bound and '(' .. bound or '+inf', '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, most, 'WITHSCORES')
  end
  return call('ZRANGE', key, bound and '(' .. bound or '-inf', '+inf', 'BYSCORE', 'LIMIT', 0, most, 'WITHSCORES')
end

-- Merge the lists of the states, each in its order.
local function by_creation(view, query)
  local bound = query.after and number_after(view, query.kind .. ':' .. query.after)
  local found = {}
  for place = 1, #query.states do
    local key = view.prefix .. 'state:' .. query.kind .. ':' .. query.states[place]
    local listed = by_score(key, query, bound, query.most)
    for member = 1, #listed, 2 do
      found[#found + 1] = { tonumber(listed[member + 1]), query.kind .. ':' .. listed[member] }
    end
  end
  table.sort(found, function(one, other)
    if query.newest then return one[1] > other[1] end
    return one[1] < other[1]
  end)
  local keys = {}
  for place = 1, min(#found, query.most) do keys[place] = found[place][2] end
  return keys
end

-- Keep of these records what is of the kind and the states, until the page is full.
local function keep(view, query, keys, kept)
  load(view, keys)
  for place = 1, #keys do
    local row = view.cells[keys[place]].row
    if row and row[KIND] == query.kind and query.among[row[STATE]] and #kept < query.most then
      kept[#kept + 1] = keys[place]
    end
  end
end

local function below_parent(view, query)
  local bound = query.from or query.after and number_after(view, query.kind .. ':' .. query.after)
  local kept, looked_at = {}, 0
  while #kept < query.most do
    local listed = by_score(view.prefix .. 'child:' .. query.parent, query, bound, AT_ONCE)
    if #listed == 0 then return kept end
    local keys = {}
    for member = 1, #listed, 2 do keys[#keys + 1] = listed[member] end
    keep(view, query, keys, kept)
    bound = listed[#listed]
    looked_at = looked_at + #keys
    if looked_at >= MOST_LOOKED_AT and #kept < query.most then return kept, bound end
  end
  return kept
end

-- Give how many members of a set come before a rank and a number, or, from the end, after them.
local function place_in(key, query, value, ref)
  local size = call('ZCARD', key)
  local low, high = 0, size
  while low < high do
    local middle = floor((low + high) / 2)
    local found = call('ZRANGE', key, middle, middle, 'WITHSCORES')
    local score, number = tonumber(found[2]), sub(found[1], 1, NUMBER)
    local before = score < value or (score == value and (number < ref or (number == ref and not query.newest)))
    if before then low = middle + 1 else high = middle end
  end
  return query.newest and size - low or low
end

local function along_rank(view, query, key, from, kept)
  local looked_at = 0
  while #kept < query.most do
    local listed = query.newest and call('ZREVRANGE', key, from, from + AT_ONCE - 1)
      or call('ZRANGE', key, from, from + AT_ONCE - 1)
    if #listed == 0 then return nil end
    local keys = {}
    for place = 1, #listed do
      local of = query.kind .. ':' .. sub(listed[place], NUMBER + 1)
      if not query.parent or call('ZSCORE', view.prefix .. 'child:' .. query.parent, of) then keys[#keys + 1] = of end
    end
    keep(view, query, keys, kept)
    from, looked_at = from + #listed, looked_at + #listed
    if looked_at >= MOST_LOOKED_AT and #kept < query.most then return from end
  end
end

local function by_rank(view, query)
  local kept, first = {}, query.from or query.rank
  for _, state in ipairs(query.states) do
    local head = 'rank:' .. query.kind .. ':' .. state .. ':'
    local names
    if query.per then
      names = { head .. query.per }
    elseif query.newest then
      names = call('ZRANGE', view.prefix .. 'indexes', '(' .. head .. '\255', '[' .. head, 'BYLEX', 'REV')
    else
      names = call('ZRANGE', view.prefix .. 'indexes', '[' .. head, '(' .. head .. '\255', 'BYLEX')
    end
    for _, name in ipairs(names) do
      local from, per = 0, sub(name, #head + 1)
      local passed = first and (query.newest and per > first[1] or not query.newest and per < first[1])
      if first and per == first[1] then
        from = query.from and first[2]
          or place_in(view.prefix .. name, query, tonumber(first[2]), number_after(view, query.kind .. ':' .. query.after))
      end
      if not passed then
        local left = along_rank(view, query, view.prefix .. name, from, kept)
        if left then return kept, { per, left } end
        if #kept >= query.most then return kept end
      end
    end
  end
  return kept
end

return function(keys, args)
  local view, query = begin(keys, args), unpack_all(args[4])
  if query.after and not number_after(view, query.kind .. ':' .. query.after) then
    return '\146' .. pack(false) .. array(0)
  end
  query.among = {}
  for place = 1, #query.states do query.among[query.states[place]] = true end
  local found, left
  if query.ranked then
    found, left = by_rank(view, query)
  elseif query.parent then
    found, left = below_parent(view, query)
  else
    found = by_creation(view, query)
    load(view, found)
  end
  local rows = {}
  for place = 1, #found do rows[place] = row_or_nothing(view.cells[found[place]].row) end
  return '\146' .. pack(left) .. array(#rows) .. concat(rows)
end
