-- End the subscription of a channel to a topic.
--
-- KEYS[1]  as in channel/lua/shard.lua
-- ARGV[1]  the channel's id
-- ARGV[2]  topic
-- ARGV[3]  the host that calls, which need not be told
-- ARGV[4]  what the host of the socket is told
--
-- Returns {1 if it was subscribed, order}. Fails with NOCHANNEL, writing nothing.

local id, list = ARGV[1], 'm:' .. ARGV[2]
local channel = TAG .. 'c:' .. id
local born, host = unpack(redis.call('HMGET', channel, 'b', 'h'))
if not born then
    return redis.error_reply('NOCHANNEL there is no such channel')
end
local was = redis.call('SREM', TAG .. 'p:' .. id, list)
redis.call('ZREM', TAG .. list, id)
local order = tick()
redis.call('HSET', channel, 'q', order)
if host ~= ARGV[3] then
    tell(host, 'U', order, id, ARGV[4])
end
return { was, order }
