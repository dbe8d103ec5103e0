-- Say who is behind a channel.
--
-- KEYS[1]  as in shard.lua
-- ARGV[1]  id
-- ARGV[2]  '=' and the user, or empty for none
--
-- Returns 1. Fails with NOCHANNEL, writing nothing.

local id = ARGV[1]
local channel, lists = TAG .. 'c:' .. id, TAG .. 'p:' .. id
local born, user = unpack(redis.call('HMGET', channel, 'b', 'u'))
if not born then
    return redis.error_reply('NOCHANNEL there is no such channel')
end
if ARGV[2] ~= '' then
    local new = ARGV[2]:sub(2)
    redis.call('HSET', channel, 'u', new)
    remember(id, 'u:' .. new)
    enlist('u:' .. new, id, born)
else
    redis.call('HDEL', channel, 'u')
end
if user and '=' .. user ~= ARGV[2] then
    redis.call('SREM', lists, 'u:' .. user)
    redis.call('ZREM', TAG .. 'u:' .. user, id)
end
return 1
