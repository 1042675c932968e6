-- Op ids and their first answers, in one hash for each five minutes of the store's time.
--
-- An op id is kept for ten minutes at least: it lies in the present bucket or in one of the two before. A bucket that
-- is older goes whole, without looking at what is in it.

local BUCKET = 300 * 1000000
local BUCKETS_KEPT = 2

local function bucket_of(now)
  return floor(now / BUCKET)
end

-- Read the answers to these op ids into the view.
local function load_answers(view, ops)
  if #ops == 0 then return end
  local oldest = bucket_of(view.now) - BUCKETS_KEPT
  for place = 1, #view.ops do
    if tonumber(view.ops[place]) >= oldest then
      local found = read_many(view.prefix .. 'ops:' .. view.ops[place], ops)
      for op = 1, #ops do
        if found[op] then view.answers[ops[op]] = found[op] end
      end
    end
  end
end

-- Drop the buckets that are too old, and give those that are left as lines; nil if nothing changed.
local function drop_buckets(view, used)
  local oldest, kept, dropped, known = bucket_of(view.now) - BUCKETS_KEPT, {}, false, not used
  for place = 1, #view.ops do
    local bucket = view.ops[place]
    if tonumber(bucket) >= oldest then
      kept[#kept + 1] = bucket
      known = known or bucket == used
    else
      call('UNLINK', view.prefix .. 'ops:' .. bucket)
      dropped = true
    end
  end
  if not known then kept[#kept + 1] = used end
  if dropped or not known then
    view.ops = kept
    return concat(kept, '\n')
  end
end

-- Give an answer in which a record's rows of before a version give way to its row as it is now.
local function without_erased(answer, row, version)
  local size = string.byte(answer)
  local rows, pieces = unpack_all(sub(answer, size + 2)), {}
  for place = 1, #rows do
    local one = rows[place]
    local erased = one[1] == row[KIND] and one[2] == row[ID] and one[4] < version
    pieces[place] = ROW .. (erased and bytes_of(row) or pack(unpack(one, 1, 14)))
  end
  return sub(answer, 1, size + 1) .. array(#rows) .. concat(pieces)
end

-- Let the kept answers to these op ids say nothing of what was erased: the op ids stay known.
local function erase_answers(view, ops, row, version)
  if #ops == 0 then return end
  for place = 1, #view.ops do
    local key = view.prefix .. 'ops:' .. view.ops[place]
    local found, written = read_many(key, ops), {}
    for op = 1, #ops do
      if found[op] then
        written[#written + 1] = ops[op]
        written[#written + 1] = without_erased(found[op], row, version)
      end
    end
    call_many('HSET', key, written)
  end
end

local function write_answers(view, answers)
  if #answers == 0 then return nil end
  local bucket = format('%.0f', bucket_of(view.now))
  call_many('HSET', view.prefix .. 'ops:' .. bucket, answers)
  return drop_buckets(view, bucket)
end
