-- Tell what our user may not do. A right that is missing would else be found half-way through a write.
--
-- In: a key, as an argument, so that any node answers. Out: the commands that the user may not use on such keys, one
-- a line.
-- flags: no-writes
local COMMANDS = {
  'EXISTS', 'HDEL', 'HEXISTS', 'HGET', 'HMGET', 'HSCAN', 'HSET', 'SPUBLISH', 'TIME', 'UNLINK', 'ZADD', 'ZCARD',
  'ZRANGE', 'ZREM', 'ZREVRANGE', 'ZSCAN', 'ZSCORE',
}
local ARGUMENTS = { HSET = { 'a', 'b' }, ZADD = { '1', 'a' }, ZRANGE = { '0', '1' }, ZREVRANGE = { '0', '1' } }

return function(_, args)
  local key = args[1]
  local denied = {}
  for _, command in ipairs(COMMANDS) do
    local given = ARGUMENTS[command] or { 'a' }
    local allowed
    if command == 'TIME' then
      allowed = redis.acl_check_cmd(command)
    elseif command == 'ZCARD' or command == 'EXISTS' or command == 'UNLINK' then
      allowed = redis.acl_check_cmd(command, key)
    else
      allowed = redis.acl_check_cmd(command, key, unpack(given))
    end
    if not allowed then denied[#denied + 1] = command end
  end
  return table.concat(denied, '\n')
end
