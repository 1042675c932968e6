-- The tables of a build, and what stands beside a record: `core/kinds.py` in Lua.
--
-- A build's tables are sent once to each server process, by the function `learn`, and kept here by their hash.

local builds = {}
local NO_SLOTS = {}

-- Give a visible field's JSON; a field that is younger than the record has its default.
local function value(table, row, name)
  return line(row[FIELDS], name) or table.defaults[name] or 'null'
end

-- Give the text under which values are counted or ordered, behind the name of what counts or orders.
local function keyed(head, table, row, names)
  if #names == 1 then return head .. '[' .. value(table, row, names[1]) .. ']' end
  local values = {}
  for place = 1, #names do values[place] = value(table, row, names[place]) end
  return head .. '[' .. concat(values, ',') .. ']'
end

-- Give the sorted set of each limit in which a row holds a slot, `false` where it holds none.
local function slots_of(table, row)
  local limits = table.limits
  if #limits == 0 then return NO_SLOTS end
  local slots = row[SLOTS]
  if type(slots) ~= 'table' then
    slots = {}
    for place = 1, #limits do
      local limit = limits[place]
      slots[place] = limit.over[row[STATE]] and keyed(limit.head, table, row, limit.per) or false
    end
    row[SLOTS] = slots
  end
  return slots
end

-- Give the sorted set in which a row is ranked, and its rank as JSON.
local function rank_of(table, row)
  local state = table.states[row[STATE]]
  if not state or state.rank == '' then return nil end
  local rank = value(table, row, state.rank)
  if rank == 'null' then return nil end
  return keyed(state.rank_head, table, row, state.per), rank
end

-- Give a row's parents, as the names of their sorted sets.
local function parents_of(table, row)
  local found = {}
  for place = 1, #table.parents do
    local up = text_of(value(table, row, table.parents[place][1]))
    if up then found['child:' .. table.parents[place][2] .. ':' .. up] = true end
  end
  return found
end

-- Give the sorted set that lists the records of a state.
local function state_name(table, row)
  local state = table.states[row[STATE]]
  return state and state.list or 'state:' .. row[KIND] .. ':' .. row[STATE]
end

-- Put the names of sorted sets at hand.
local function prepare_build(build)
  for kind, table in pairs(build.kinds) do
    for name, state in pairs(table.states) do
      state.list = 'state:' .. kind .. ':' .. name
      state.rank_head = 'rank:' .. kind .. ':' .. name .. ':'
    end
    local named = {}
    for _, parent in ipairs(table.parents) do
      table.twice = table.twice or named[parent[2]]
      named[parent[2]], parent.head = true, 'child:' .. parent[2] .. ':'
    end
    for _, limit in ipairs(table.limits) do limit.head = 'slot:' .. kind .. ':' .. limit.name .. ':' end
  end
  return build
end
