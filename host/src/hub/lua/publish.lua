-- Publish to a topic, and keep the message if it or the topic is to be kept.
--
-- KEYS[1]  the topic, a hash if it is kept: e epoch, n offset and i id of its last
--          message, k how many are kept, t for how long after the last, in ms
-- KEYS[2]  its messages, a stream: the envelope of offset 5 has id 5-0
-- KEYS[3]  where its hosts listen
-- ARGV[1]  the envelope, which begins with its id, 8 bytes
-- ARGV[2]  the epoch, if this begins a history, 8 bytes
-- ARGV[3]  how many messages to keep from now on, or 0 to leave that as it is
-- ARGV[4]  for how long after the last, in milliseconds
-- ARGV[5]  how long to remember the topic after that, in milliseconds
--
-- Returns {epoch, offset}, or nothing if the message is not kept.

local epoch, keep, ttl = unpack(redis.call('HMGET', KEYS[1], 'e', 'k', 't'))
if not epoch and ARGV[3] == '0' then
    redis.call('SPUBLISH', KEYS[3], 'p' .. ARGV[1])
    return {}
end
local id = ARGV[1]:sub(1, 8)
if ARGV[3] ~= '0' then
    keep, ttl = ARGV[3], ARGV[4]
end
local offset = redis.call('HINCRBY', KEYS[1], 'n', 1)
if not epoch then
    epoch = ARGV[2]
    redis.call('DEL', KEYS[2])
end
redis.call('HSET', KEYS[1], 'e', epoch, 'i', id, 'k', keep, 't', ttl)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('XADD', KEYS[2], 'MAXLEN', '=', keep, string.format('%.0f-0', offset), 'd', ARGV[1])
redis.call('PEXPIRE', KEYS[2], ttl)
redis.call('SPUBLISH', KEYS[3], 'k' .. epoch .. struct.pack('>I8', offset) .. ARGV[1])
return { epoch, offset }
