-- Keep a build's tables in this server process.
--
-- In: the hash of the tables; the tables as msgpack, see `tables.py`. Out: OK.
-- Whatever needs them answers UNLEARNED where they are not known, such as after a restart, and has changed nothing.
-- flags: no-writes
return function(_, args)
  builds[args[1]] = prepare_build(cmsgpack.unpack(args[2]))
  return redis.status_reply('OK')
end
