-- Shared by the cache's scripts, and prepended to each: what an entry is.
--
-- KEYS[1]  the entry       length(1) bucket(8) [group(8) name(length)] value
-- KEYS[2]  the bucket's generation, in this shard
-- KEYS[3]  prefix of its groups' generations; a group's name follows it
-- KEYS[4]  the claim       token(8), then an entry without a value
--
-- A group's key is made here from KEYS[3], because only the entry says which
-- group it is in. It is in the slot of the others, and under the same prefix.

-- The longest head: 1 + 8 + 8 + 255 bytes, so that a check need not read a value.
local HEAD_LAST = 271

-- Where the value of a live entry begins, or nil.
local function live(entry)
    if not entry or entry == '' or entry:sub(2, 9) ~= redis.call('GET', KEYS[2]) then
        return nil
    end
    local length = entry:byte(1)
    if length == 0 then
        return 10
    end
    local group = redis.call('GET', KEYS[3] .. entry:sub(18, 17 + length))
    return entry:sub(10, 17) == group and 18 + length or nil
end

-- A generation that lasts at least `ttl` ms from now; `fresh` if there is none.
local function generation(key, fresh, ttl)
    local current = redis.call('GET', key)
    if not current then
        redis.call('SET', key, fresh, 'PX', ttl)
        return fresh
    end
    redis.call('PEXPIRE', key, ttl, 'GT')
    return current
end

-- What stands before the value of an entry that is set now.
local function head(group, fresh, ttl)
    local bucket = generation(KEYS[2], fresh, ttl)
    if group == '' then
        return '\0' .. bucket
    end
    return string.char(#group) .. bucket .. generation(KEYS[3] .. group, fresh, ttl) .. group
end

