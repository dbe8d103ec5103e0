-- Shared by the scripts that write a session, and prepended to each.
--
-- KEYS[1]  the session, a hash: its fields, and under '\255', which is no UTF-8
--          and so no field's name, "version bytes"
-- ARGV[1]  ttl, in milliseconds
-- ARGV[2]  1 if every write renews the ttl, 0 if only the first sets it

local HEAD = '\255'

-- The version and the size of the session, or zeros.
local function state()
    local head = redis.call('HGET', KEYS[1], HEAD)
    local version, bytes = (head or '0 0'):match('^(%d+) (%d+)$')
    return tonumber(version), tonumber(bytes)
end

-- Ends a write: a greater version, the size, and the expiry. Returns the version
-- in decimal; it is below 2^53, so Lua's numbers hold it.
local function written(version, bytes)
    local now = redis.call('TIME')
    local new = string.format('%.0f', math.max(version + 1, now[1] * 1000000 + now[2]))
    redis.call('HSET', KEYS[1], HEAD, new .. ' ' .. string.format('%.0f', bytes))
    if version == 0 or ARGV[2] == '1' then
        redis.call('PEXPIRE', KEYS[1], ARGV[1])
    end
    return new
end

