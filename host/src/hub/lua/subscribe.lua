-- Subscribe a channel to a topic.
--
-- KEYS[1]  as in channel/lua/shard.lua
-- ARGV[1]  the channel's id
-- ARGV[2]  topic
-- ARGV[3]  most topics of a channel
-- ARGV[4]  the host that calls, which need not be told
-- ARGV[5]  what the host of the socket is told
--
-- Returns {1 if it was not subscribed, order}. Fails with NOCHANNEL or MANYTOPICS,
-- writing nothing.

local id, list = ARGV[1], 'm:' .. ARGV[2]
local channel, lists = TAG .. 'c:' .. id, TAG .. 'p:' .. id
local born, host, user = unpack(redis.call('HMGET', channel, 'b', 'h', 'u'))
if not born then
    return redis.error_reply('NOCHANNEL there is no such channel')
end
local new = redis.call('SISMEMBER', lists, list) == 0
local topics = redis.call('SCARD', lists) - (user and 1 or 0)
if new and topics >= tonumber(ARGV[3]) then
    return redis.error_reply('MANYTOPICS the channel has too many topics')
end
local order = tick()
redis.call('HSET', channel, 'q', order)
if new then
    remember(id, list)
    enlist(list, id, born)
end
if host ~= ARGV[4] then
    tell(host, 'S', order, id, ARGV[5])
end
return { new and 1 or 0, order }
