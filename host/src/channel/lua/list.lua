-- Some of the channels that a list has, in the order of their births.
--
-- KEYS[1]  as in shard.lua
-- KEYS[2]  the list
-- ARGV[1]  the birth after which to go on
-- ARGV[2]  how many
--
-- Returns the birth up to which it looked, or an empty text if that was all; then,
-- for each channel, its id, and '=' and its user, or an empty text.

local after, count = ARGV[1], tonumber(ARGV[2])
local found = redis.call('ZRANGE', KEYS[2], '(' .. after, '+inf', 'BYSCORE', 'LIMIT', 0, count, 'WITHSCORES')
local page = { #found == 2 * count and text(tonumber(found[#found])) or '' }
for i = 1, #found, 2 do
    local id, listed = found[i], found[i + 1]
    local born, user = unpack(redis.call('HMGET', TAG .. 'c:' .. id, 'b', 'u'))
    if born and tonumber(born) == tonumber(listed) then
        page[#page + 1] = id
        page[#page + 1] = user and '=' .. user or ''
    end
end
return page
