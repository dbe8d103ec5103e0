-- Replace all fields of a session.
--
-- KEYS, ARGV[1], ARGV[2]  as in write.lua
-- ARGV[3]  the version it must have, 0 for no session, or empty for any
-- ARGV[4]  size of the fields, in bytes
-- ARGV[5…] name, value, …
--
-- Returns {1, new version}, or {0, present version} with nothing written.

local version = state()
if ARGV[3] ~= '' and tonumber(ARGV[3]) ~= version then
    return { 0, string.format('%.0f', version) }
end
local expires = redis.call('PEXPIRETIME', KEYS[1])
-- A server that is full refuses only the first write of a script, and no DEL.
redis.call('HSET', KEYS[1], HEAD, '')
redis.call('DEL', KEYS[1])
for i = 5, #ARGV, 2 do
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
local new = written(version, tonumber(ARGV[4]))
if version ~= 0 and ARGV[2] == '0' then
    redis.call('PEXPIREAT', KEYS[1], expires)
end
return { 1, new }
