-- Send to the socket of a channel.
--
-- KEYS[1]  as in shard.lua
-- ARGV[1]  id
-- ARGV[2]  kind and body of the message
--
-- Returns how many hosts heard it. Fails with NOCHANNEL.

local born, host = unpack(redis.call('HMGET', TAG .. 'c:' .. ARGV[1], 'b', 'h'))
if not born then
    return redis.error_reply('NOCHANNEL there is no such channel')
end
return tell(host, 'M', redis.call('GET', KEYS[1]) or born, ARGV[1], ARGV[2])
