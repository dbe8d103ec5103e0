-- The topics of a channel.
--
-- KEYS[1]  as in channel/lua/shard.lua
-- ARGV[1]  the channel's id
--
-- Returns its birth, the order of the last change, and the topics, in no order.
-- Fails with NOCHANNEL.

local born, order = unpack(redis.call('HMGET', TAG .. 'c:' .. ARGV[1], 'b', 'q'))
if not born then
    return redis.error_reply('NOCHANNEL there is no such channel')
end
local topics = { born, order }
for _, list in ipairs(redis.call('SMEMBERS', TAG .. 'p:' .. ARGV[1])) do
    if list:sub(1, 2) == 'm:' then
        topics[#topics + 1] = list:sub(3)
    end
end
return topics
