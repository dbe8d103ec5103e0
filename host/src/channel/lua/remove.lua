-- Remove channels of a shard, with all that is theirs.
--
-- KEYS[1]  as in shard.lua
-- ARGV[1]  the birth that it must have, or empty for any
-- ARGV[2]  what its host is told: how to close
-- ARGV[3…] ids
--
-- Returns how many there were.

local removed = 0
for i = 3, #ARGV do
    local id = ARGV[i]
    local born, host = unpack(redis.call('HMGET', TAG .. 'c:' .. id, 'b', 'h'))
    if born and (ARGV[1] == '' or ARGV[1] == born) then
        removed = removed + 1
        forget(id)
        tell(host, 'X', tick(), id, ARGV[2])
    end
end
return removed
