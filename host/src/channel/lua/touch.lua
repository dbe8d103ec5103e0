-- Let channels of a shard live on.
--
-- KEYS[1]  as in shard.lua
-- ARGV[1]  ttl, in milliseconds
-- ARGV[2…] ids
--
-- Returns birth and order of each, or two empty texts for one that has ended.

local ttl = tonumber(ARGV[1])
local expires = now_ms() + ttl
local lives = {}
for i = 2, #ARGV do
    local id = ARGV[i]
    local channel = TAG .. 'c:' .. id
    local born, order = unpack(redis.call('HMGET', channel, 'b', 'q'))
    lives[#lives + 1] = born or ''
    lives[#lives + 1] = order or ''
    -- What needs no memory comes first: a full server refuses only a script's first write.
    if born and redis.call('PEXPIRE', channel, ttl, 'GT') == 1 then
        redis.call('PEXPIRE', TAG .. 'p:' .. id, LIST_TTL)
        for _, list in ipairs(redis.call('SMEMBERS', TAG .. 'p:' .. id)) do
            redis.call('PEXPIRE', TAG .. list, LIST_TTL)
        end
        redis.call('PEXPIRE', TAG .. 'a:', LIST_TTL)
        enlist('x:', id, expires)
    end
end
sweep()
return lives
