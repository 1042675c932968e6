-- Deciding the transactions of a call in order, and saying what became of each.
--
-- Transactions lie in a call's body one after the other, each as: by, op, why, digest, number of changes, changes. One
-- flat list is read in a third of the time of lists in lists.
--
-- An outcome is a msgpack array: [0, rows] applied, [1, rows] replayed, [2, reason, change, row, state, deadline,
-- field, parent kind, parent id, parent, overdue, limit, key, at most, holders] refused.

local APPLIED, REPLAYED = '\146\0', '\146\1'
local ONE_ROW = '\145' .. ROW
local OP, WHY, DIGEST, CHANGES, HEAD_SIZE = 1, 2, 3, 4, 5

local function refused(no)
  local holders = no.holders or {}
  return ENTRY .. pack(2, no.reason, no.number) .. row_or_nothing(no.row)
    .. pack(no.state or '', no.deadline, no.field or '', no.parent_kind or '', no.parent_id)
    .. row_or_nothing(no.parent) .. pack(no.overdue or false, no.limit or '', no.key or '', no.at_most or 0)
    .. array(#holders) .. (#holders > 0 and pack(unpack(holders)) or '')
end

-- Read at once what the transactions name; what they turn out to need beyond is read one by one.
local function load_all(view, body, from)
  local keys, ops, at, size = {}, {}, from, #body
  while at <= size do
    if body[at + OP] ~= '' then ops[#ops + 1] = body[at + OP] end
    local changes = body[at + CHANGES]
    at = at + HEAD_SIZE
    for _ = 1, changes do
      local key = body[at + CHANGE_KEY]
      if key then keys[#keys + 1] = key end
      at = at + CHANGE_SIZE
    end
  end
  load(view, keys)
  load_answers(view, ops)
end

-- Give the rows that a transaction made, as a head and what follows: most transactions make one, whose bytes are then
-- copied once less.
local function rows_made(view, from)
  local made = view.made
  if #made == from then return ONE_ROW, made[from] end
  return array(#made - from + 1) .. ROW, concat(made, ROW, from)
end

-- Decide the transaction at a place of the body. Adds its outcome, and its op id and answer.
local function run(view, body, at, outcomes, answers)
  local op, digest = body[at + OP], body[at + DIGEST]
  local answer = op ~= '' and view.answers[op]
  if answer then
    local size = string.byte(answer)
    local same = sub(answer, 2, size + 1) == digest
    outcomes[#outcomes + 1] = same and REPLAYED .. sub(answer, size + 2)
      or refused({ reason = 'op_conflict', number = 0 })
    return
  end
  view.by, view.op, view.why = body[at], op, body[at + WHY]
  local first = #view.made + 1
  local no = decide(view, body, at + HEAD_SIZE, body[at + CHANGES])
  if no then
    outcomes[#outcomes + 1] = refused(no)
    return
  end
  local head, rows = rows_made(view, first)
  local size = #outcomes
  outcomes[size + 1], outcomes[size + 2], outcomes[size + 3] = APPLIED, head, rows
  if op ~= '' then
    answer = char(#digest) .. digest .. head .. rows
    view.answers[op] = answer
    answers[#answers + 1] = op
    answers[#answers + 1] = answer
  end
end

-- Decide all that lie in a body from a place on. Gives the outcomes, whose pieces may be more than they are, how many
-- they are, and op ids with their answers, in turn.
local function run_all(view, body, from)
  load_all(view, body, from)
  local outcomes, answers, number, at, size = {}, {}, 0, from, #body
  while at <= size do
    run(view, body, at, outcomes, answers)
    at = at + HEAD_SIZE + body[at + CHANGES] * CHANGE_SIZE
    number = number + 1
  end
  return outcomes, number, answers
end

-- Tell whether there is anything to write.
local function changed(view)
  if view.events > 0 then return true end
  for place = 1, #view.touched do
    if view.touched[place].row ~= view.touched[place].found then return true end
  end
  return false
end

local function events_made(view)
  if view.events == 0 then return array(0) end
  return array(view.events) .. ENTRY .. concat(view.event_bytes, ENTRY, 1, view.events)
end

local function outgrown(view, kinds)
  for place = 1, #kinds do view.outgrown[kinds[place]] = true end
end
