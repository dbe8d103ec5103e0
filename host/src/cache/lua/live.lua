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

-- The current generation under `key`; `fresh` if there is none.
local function generation(key, fresh, ttl)
    local current = redis.call('GET', key)
    if current then
        return current
    end
    redis.call('SET', key, fresh, 'PX', ttl)
    return fresh
end

-- Sets `key` for `ttl` ms to `before`, then an entry of `group` with `value`, and
-- makes its generations last as long. That comes after what needs memory, because
-- a server that is full refuses only the first write of a script.
local function put(key, before, group, value, fresh, ttl)
    local head = string.char(#group) .. generation(KEYS[2], fresh, ttl)
    if group ~= '' then
        head = head .. generation(KEYS[3] .. group, fresh, ttl) .. group
    end
    redis.call('SET', key, before .. head .. value, 'PX', ttl)
    redis.call('PEXPIRE', KEYS[2], ttl, 'GT')
    if group ~= '' then
        redis.call('PEXPIRE', KEYS[3] .. group, ttl, 'GT')
    end
end

