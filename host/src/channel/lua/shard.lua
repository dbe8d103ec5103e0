-- Shared by the scripts of channels and of their subscriptions, and put before each:
-- a shard of channels.
--
-- KEYS[1]  the shard's order, {tag}n:, the greatest that a change of it had
--
-- The shard's other keys begin with the same {tag}, so they are in its slot:
--   c:ID             hash, which expires with the channel: b born, q order of the last
--                    change of its topics, o opening data, u user, h host, s state, v its version
--   p:ID             set of what lists it, as 'm:TOPIC', 'u:USER'; it outlives the channel
--   m:TOPIC u:USER   sorted sets of ids by birth. One whose channel has ended, or was
--   a:               born at another time, is not in it
--   x:               sorted set of ids by the time when they expire, in ms
--
-- Keys are made here, because only a channel says what it is listed in.

local TAG = KEYS[1]:sub(1, -3)

-- Lists live for 25 hours after their last use, in ms: longer than any channel in them.
local LIST_TTL = 90000000

-- The time is the same for all of a script, and not every script asks.
local clock
local function time()
    clock = clock or redis.call('TIME')
    return clock
end

-- Numbers of a shard are below 2^53, so Lua holds them; this writes them in full.
local function text(number)
    return string.format('%.0f', number)
end

local function now_ms()
    return time()[1] * 1000 + math.floor(time()[2] / 1000)
end

-- The next order: greater than any before it, and not before the time. As the first
-- write of a script it fails if the server is full, before anything was done.
local function tick()
    local last = tonumber(redis.call('GET', KEYS[1]) or '0')
    local order = text(math.max(last + 1, time()[1] * 1000000 + time()[2]))
    redis.call('SET', KEYS[1], order, 'PX', LIST_TTL)
    return order
end

-- Lists channel `id` in `list`.
local function enlist(list, id, score)
    redis.call('ZADD', TAG .. list, score, id)
    redis.call('PEXPIRE', TAG .. list, LIST_TTL)
end

-- Remembers that channel `id` is in `list`.
local function remember(id, list)
    redis.call('SADD', TAG .. 'p:' .. id, list)
    redis.call('PEXPIRE', TAG .. 'p:' .. id, LIST_TTL)
end

-- Removes what is left of a channel.
local function forget(id)
    for _, list in ipairs(redis.call('SMEMBERS', TAG .. 'p:' .. id)) do
        redis.call('ZREM', TAG .. list, id)
    end
    redis.call('ZREM', TAG .. 'a:', id)
    redis.call('ZREM', TAG .. 'x:', id)
    redis.call('DEL', TAG .. 'c:' .. id, TAG .. 'p:' .. id)
end

-- Removes some that have expired: more than one script adds.
local function sweep()
    local ended = redis.call('ZRANGE', TAG .. 'x:', '-inf', now_ms(), 'BYSCORE', 'LIMIT', 0, 4)
    for _, id in ipairs(ended) do
        if redis.call('EXISTS', TAG .. 'c:' .. id) == 0 then
            forget(id)
        end
    end
end

-- Tells the host of a channel what happened, if one has its socket. How many heard.
local function tell(host, what, order, id, rest)
    if not host then
        return 0
    end
    local head = what .. struct.pack('>I8', tonumber(order)) .. struct.pack('>I2', #id)
    return redis.call('SPUBLISH', TAG .. '>:' .. host, head .. id .. rest)
end

