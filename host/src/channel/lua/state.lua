-- Set or clear the state of a channel.
--
-- KEYS[1]  as in shard.lua
-- ARGV[1]  id
-- ARGV[2]  the version that it must have, or empty for any
-- ARGV[3]  '=' and the value, or empty for none
--
-- Returns {1, new version}, or {0, version} with nothing written. Fails with
-- NOCHANNEL, writing nothing.

local channel = TAG .. 'c:' .. ARGV[1]
local born, version = unpack(redis.call('HMGET', channel, 'b', 'v'))
if not born then
    return redis.error_reply('NOCHANNEL there is no such channel')
end
version = version or '0'
if ARGV[2] ~= '' and ARGV[2] ~= version then
    return { 0, version }
end
local new = tick()
redis.call('HSET', channel, 'v', new)
if ARGV[3] ~= '' then
    redis.call('HSET', channel, 's', ARGV[3]:sub(2))
else
    redis.call('HDEL', channel, 's')
end
return { 1, new }
