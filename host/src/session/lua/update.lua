-- Set some fields of a session, and keep the others.
--
-- KEYS, ARGV[1], ARGV[2]  as in write.lua
-- ARGV[3]  most bytes of a session
-- ARGV[4]  most fields of a session
-- ARGV[5…] name, value, … without a name twice
--
-- Returns the new version. Fails with MANYBYTES or MANYFIELDS, writing nothing.

local version, bytes = state()
local fields = version == 0 and 0 or redis.call('HLEN', KEYS[1]) - 1
for i = 5, #ARGV, 2 do
    if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then
        fields = fields + 1
        bytes = bytes + #ARGV[i] + #ARGV[i + 1]
    else
        bytes = bytes + #ARGV[i + 1] - redis.call('HSTRLEN', KEYS[1], ARGV[i])
    end
end
if bytes > tonumber(ARGV[3]) then
    return redis.error_reply('MANYBYTES the session would be too large')
end
if fields > tonumber(ARGV[4]) then
    return redis.error_reply('MANYFIELDS the session would have too many fields')
end
for i = 5, #ARGV, 2 do
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
return written(version, bytes)
