-- Records and events as bytes. A row's bytes are the same wherever they lie: stored, as an answer, in a reply.
--
-- In Lua a row is a list, which takes a third of the room of a map: its first place is free for what is remembered of
-- it, its last for its bytes.

local ROW, ENTRY = '\158', '\159' -- msgpack arrays of 14 and of 15
local NUMBER = 16 -- digits
local PLACE = NUMBER + 8 -- and the look
local NO_LOOK = '\0\0\0\0\0\0\0\0'

local KIND, ID, STATE, VERSION, FENCE, HOLDER, CREATED_AT, ENTERED_AT, CHANGED_AT = 2, 3, 4, 5, 6, 7, 8, 9, 10
local BEATEN_AT, TOLD, SEEN, FIELDS, REST, BYTES = 11, 12, 13, 14, 15, 16
local SLOTS = 1

local function row_in(stored)
  return { unpack_some(stored, 14, PLACE) }
end

-- Give a row its bytes.
local function sealed(row)
  local bytes = pack(
    row[KIND], row[ID], row[STATE], row[VERSION], row[FENCE], row[HOLDER], row[CREATED_AT], row[ENTERED_AT],
    row[CHANGED_AT], row[BEATEN_AT], row[TOLD], row[SEEN], row[FIELDS], row[REST]
  )
  row[BYTES] = bytes
  return bytes
end

local function bytes_of(row)
  return row[BYTES] or sealed(row)
end

local function look_in(stored)
  local look = struct.unpack('>I8', stored, NUMBER + 1)
  return look > 0 and look
end

local function stored_as(ref, look, bytes)
  return ref .. (look and struct.pack('>I8', look) or NO_LOOK) .. bytes
end

-- Name a record among those that are looked at.
local function due_name(cell)
  return cell.ref .. cell.key
end

local function row_or_nothing(row)
  return row and ROW .. bytes_of(row) or NOTHING
end
