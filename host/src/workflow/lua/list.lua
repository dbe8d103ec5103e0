-- Runs of one list of a partition, newest first; of those of one time, the greatest ids first.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the list: its kind       ARGV[2]  its name
-- ARGV[3]  created at this time or later
-- ARGV[4]  created at this time or earlier
-- ARGV[5]  of those of that time, ids below this; empty for all
-- ARGV[6]  most runs                ARGV[7]  most that are looked at
-- ARGV[8]  the status that they must have, or empty
-- ARGV[9…] workflows that they may be of; none for any
--
-- Returns {where it stopped: time, id; empty if that was all, {run, head}, …}.

local limit, looks = tonumber(ARGV[6]), tonumber(ARGV[7])
local workflows = {}
for i = 9, #ARGV do
    workflows[ARGV[i]] = true
end

local found, looked, chunk = { '', '' }, 0, limit + 8
while true do
    local list = key(ARGV[1], ARGV[2])
    local part = redis.call(
        'ZRANGE', list, ARGV[4], ARGV[3], 'BYSCORE', 'REV', 'LIMIT', looked, chunk, 'WITHSCORES'
    )
    if #part == 0 then
        return found
    end
    for i = 1, #part, 2 do
        local run, at = part[i], part[i + 1]
        looked = looked + 1
        if at ~= ARGV[4] or ARGV[5] == '' or run < ARGV[5] then
            local h = head(run, 'status', 'workflow')
            if (ARGV[8] == '' or ARGV[8] == h[1]) and (#ARGV < 9 or workflows[h[2]]) then
                found[#found + 1] = { run, redis.call('HGETALL', key('r', run)) }
            end
            if #found - 2 == limit or looked >= looks then
                found[1], found[2] = at, run
                return found
            end
        end
    end
end
