-- Commands with many values, and msgpack by hand.
--
-- Everything of a space stands under one prefix, `PREFIX{SPACE}:`, so that it lies on one node:
--
--     meta              hash: generation, format, sequence, clock, sweeper, seal, op buckets, pruned positions
--     records           hash: KIND:ID -> number (16 digits), look (8 bytes), row (msgpack)
--     events            hash: NUMBER:VERSION -> event (msgpack)
--     feed              sorted set: last position of a batch -> its events' names, one a line
--     due               sorted set: when to look -> number and KIND:ID, or only the number of a removed record. So
--                       those of one instant are in the order of their numbers, as on every engine
--     state:KIND:STATE  sorted set: number -> id. A record's number is the position of its first event
--     rank:KIND:STATE:KEY, slot:KIND:LIMIT:KEY, child:KIND:ID   sorted sets: rank or number -> record
--     indexes           sorted set: the names of the sorted sets of the last two lines that are not empty; outboxes
--     ops:BUCKET        hash: op id -> digest and answer, by five minutes
--     serials           hash: KIND:FIELD -> the last number given out
--     gone              sorted set: number -> VERSION:KIND:ID of a removed record whose history is kept
--     graves            hash: KIND:ID -> the number of the last of these
--     skip              hash: NUMBER -> up to which version its events are pruned
--     messages, queues, mail, outbox:KIND:EFFECT   effects that wait
--
-- A limit's count and a state's count are the sizes of their sorted sets: there is no second place to drift.

local call, pack, unpack_all, unpack_some, find, sub, format, concat, char, max, min, floor

-- Take Lua's functions at hand. A library that is being loaded may not see them, so a running one does this first.
local function prepare()
  call, pack, unpack_all, unpack_some = redis.call, cmsgpack.pack, cmsgpack.unpack, cmsgpack.unpack_limit
  find, sub, format, concat, char = string.find, string.sub, string.format, table.concat, string.char
  max, min, floor = math.max, math.min, math.floor
end

local FORMAT = 1
local MOST_VALUES = 4000 -- an even number that fits on Lua's stack
local NOTHING = '\192'

-- Call a command that answers with a number, in slices; give the sum.
local function call_many(command, key, values)
  local size = #values
  if size == 0 then return 0 end
  if size <= MOST_VALUES then return call(command, key, unpack(values)) end
  local sum = 0
  for from = 1, size, MOST_VALUES do
    sum = sum + call(command, key, unpack(values, from, min(from + MOST_VALUES - 1, size)))
  end
  return sum
end

-- Read many fields of a hash: a list with `false` for what is not there.
local function read_many(key, names)
  local size = #names
  if size == 0 then return {} end
  if size <= MOST_VALUES then return call('HMGET', key, unpack(names)) end
  local all = {}
  for from = 1, size, MOST_VALUES do
    local found = call('HMGET', key, unpack(names, from, min(from + MOST_VALUES - 1, size)))
    for place = 1, #found do all[from + place - 1] = found[place] end
  end
  return all
end

-- The head of a msgpack array of so many elements.
local function array(size)
  if size < 16 then return char(144 + size) end
  if size < 65536 then return char(220, floor(size / 256), size % 256) end
  return char(221, floor(size / 16777216), floor(size / 65536) % 256, floor(size / 256) % 256, size % 256)
end

-- Bytes that are no text.
local function binary(bytes)
  local size = #bytes
  return char(198, floor(size / 16777216), floor(size / 65536) % 256, floor(size / 256) % 256, size % 256) .. bytes
end

-- Give the lines of a text.
local function lines_of(text)
  local lines, from = {}, 1
  while true do
    local stop = find(text, '\n', from, true)
    lines[#lines + 1] = sub(text, from, (stop or 0) - 1)
    if not stop then return lines end
    from = stop + 1
  end
end

-- End the call with an error; only before anything was written.
local function fail(text)
  error(redis.error_reply(text))
end
