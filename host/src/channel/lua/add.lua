-- Add a channel, unless there is one of its id.
--
-- KEYS[1]  as in shard.lua
-- ARGV[1]  id
-- ARGV[2]  opening data
-- ARGV[3]  ttl, in milliseconds
-- ARGV[4]  '=' and the user, or empty for none
-- ARGV[5]  the host of its socket, or empty for none
--
-- Returns its birth. Fails with CHANNELEXISTS, writing nothing.

local id, ttl = ARGV[1], tonumber(ARGV[3])
local channel = TAG .. 'c:' .. id
if redis.call('EXISTS', channel) == 1 then
    return redis.error_reply('CHANNELEXISTS there is a channel of this id')
end
local born = tick()
if redis.call('ZSCORE', TAG .. 'x:', id) then
    forget(id)
end
sweep()
local fields = { 'b', born, 'q', born, 'o', ARGV[2] }
if ARGV[5] ~= '' then
    fields[7], fields[8] = 'h', ARGV[5]
end
if ARGV[4] ~= '' then
    local user = ARGV[4]:sub(2)
    fields[#fields + 1], fields[#fields + 2] = 'u', user
    remember(id, 'u:' .. user)
    enlist('u:' .. user, id, born)
end
redis.call('HSET', channel, unpack(fields))
redis.call('PEXPIRE', channel, ttl)
enlist('a:', id, born)
enlist('x:', id, now_ms() + ttl)
return born
