-- The wraps of the versions of some secrets, but for those by one key.
--
-- KEYS[1]  i:
-- ARGV[1]  the id after which to look; empty for the first
-- ARGV[2]  most secrets to look at
-- ARGV[3]  that key, or empty
--
-- Makes the keys of the secrets itself, in the slot and under the prefix of KEYS[1].
-- Returns {{id, version, wrap, id, version, wrap, …}, ids that were looked at, the last}.

local prefix = string.sub(KEYS[1], 1, -3) .. 'r:'
local after = ARGV[1] == '' and '-' or '(' .. ARGV[1]
local ids = redis.call('ZRANGE', KEYS[1], after, '+', 'BYLEX', 'LIMIT', 0, ARGV[2])
local found = {}
for _, id in ipairs(ids) do
    local _, versions = head(prefix .. id)
    if not versions then
        -- An id is listed as long as there is a secret: so it is on the old side of a slot
        -- that is being moved, and to pass it over would be to lose it with its key.
        return redis.error_reply('TRYAGAIN a secret of this slot is elsewhere')
    end
    for _, version in ipairs(versions) do
        local wrap = redis.call('HGET', prefix .. id, 'w' .. version)
        if wrap and key_of(wrap) ~= ARGV[3] then
            found[#found + 1] = id
            found[#found + 1] = version
            found[#found + 1] = wrap
        end
    end
end
return {found, #ids, ids[#ids] or ''}
