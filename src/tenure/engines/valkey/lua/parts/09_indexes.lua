-- The sorted sets that stand beside the records: `Sheet` gathers what to add and to drop, by set.

local function sheet()
  return { adds = {}, drops = {}, names = {} }
end

local function list_in(group, sheet, name)
  local list = group[name]
  if not list then
    list = {}
    group[name] = list
    sheet.names[#sheet.names + 1] = name
  end
  return list
end

local function add(sheet, name, score, member)
  local list = list_in(sheet.adds, sheet, name)
  list[#list + 1] = score
  list[#list + 1] = member
end

local function drop(sheet, name, member)
  local list = list_in(sheet.drops, sheet, name)
  list[#list + 1] = member
end

-- Note the difference in where a row is ranked.
local function exchange_rank(sheet, table, cell, before, after)
  local had, value_had, has, value_has
  if before then had, value_had = rank_of(table, before) end
  if after then has, value_has = rank_of(table, after) end
  if had == has and value_had == value_has then return end
  local member = cell.ref .. (before or after)[ID]
  if had and had ~= has then drop(sheet, had, member) end
  if has then add(sheet, has, value_has, member) end
end

-- Note the difference in which parents a row has. Where two fields name parents of one kind, what one of them leaves
-- the other may still have; else each stands for itself.
local function exchange_parents(sheet, table, cell, before, after)
  if not table.twice then
    for place = 1, #table.parents do
      local parent = table.parents[place]
      local was = before and value(table, before, parent[1]) or 'null'
      local is = after and value(table, after, parent[1]) or 'null'
      if was ~= is then
        if was ~= 'null' then drop(sheet, parent.head .. text_of(was), cell.key) end
        if is ~= 'null' then add(sheet, parent.head .. text_of(is), cell.ref, cell.key) end
      end
    end
    return
  end
  local had, has = before and parents_of(table, before) or {}, after and parents_of(table, after) or {}
  for name in pairs(had) do
    if not has[name] then drop(sheet, name, cell.key) end
  end
  for name in pairs(has) do
    if not had[name] then add(sheet, name, cell.ref, cell.key) end
  end
end

-- Note the difference between what stood beside a record and what is to stand there. Either row may be absent.
local function exchange(view, sheet, cell, before, after)
  local either = before or after
  local table, id, ref = view.kinds[either[KIND]], either[ID], cell.ref
  if not (before and after) or before[STATE] ~= after[STATE] then
    if before then drop(sheet, state_name(table, before), id) end
    if after then add(sheet, state_name(table, after), ref, id) end
  end
  if table.ranked then exchange_rank(sheet, table, cell, before, after) end
  local limits = #table.limits
  if limits > 0 then
    local had, has = before and slots_of(table, before) or NO_SLOTS, after and slots_of(table, after) or NO_SLOTS
    for place = 1, limits do
      if (had[place] or nil) ~= (has[place] or nil) then
        if had[place] then drop(sheet, had[place], id) end
        if has[place] then add(sheet, has[place], ref, id) end
      end
    end
  end
  if #table.parents > 0 then exchange_parents(sheet, table, cell, before, after) end
end

-- Write what was noted, drops before adds, and keep the list of those sets that are not empty.
local function write_sheet(view, sheet)
  local prefix, fresh, gone, seen = view.prefix, {}, {}, {}
  for place = 1, #sheet.names do
    local name = sheet.names[place]
    if not seen[name] then
      seen[name] = true
      local key, adds, drops = prefix .. name, sheet.adds[name], sheet.drops[name]
      if drops then call_many('ZREM', key, drops) end
      if adds then call_many('ZADD', key, adds) end
      if adds then
        fresh[#fresh + 1] = 0
        fresh[#fresh + 1] = name
      elseif call('ZCARD', key) == 0 then
        gone[#gone + 1] = name
      end
    end
  end
  call_many('ZREM', prefix .. 'indexes', gone)
  call_many('ZADD', prefix .. 'indexes', fresh)
end
