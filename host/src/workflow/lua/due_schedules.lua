-- Schedules of a partition.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  1 for those that are due, at most 64; 0 for all
--
-- Returns the time, and their JSON.

if ARGV[1] == '0' then
    return { text(NOW), redis.call('HVALS', key('z')) }
end
local found = redis.call('ZRANGE', key('e'), 0, NOW, 'BYSCORE', 'LIMIT', 0, 64)
for i, name in ipairs(found) do
    found[i] = redis.call('HGET', key('z'), name) or ''
end
return { text(NOW), found }
