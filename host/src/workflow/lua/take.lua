-- Do what is due in a partition, and take work from its queues.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the worker
-- ARGV[2]  what tokens begin with
-- ARGV[3]  how long leases last, in milliseconds
-- ARGV[4]  most leases that are ended, and most that is due
-- ARGV[5…] queue, how many at most, …
--
-- Returns {milliseconds until more is due or -1, now, work, …}. Work is
-- {run, token, head, history} or {run, token, entry, call, attempt, lost, workflow, generation, user}.

do_due(ARGV[4])

local taken, room = { -1, AT }, MOST.look
for i = 5, #ARGV, 2 do
    local left = tonumber(ARGV[i + 1])
    while left > 0 and room > 0 do
        local popped = redis.call('ZPOPMIN', key('q', ARGV[i]))[1]
        if not popped then
            break
        end
        local token = ARGV[1] .. ':' .. ARGV[2] .. text(#taken)
        local work, bytes = lend(popped, ARGV[1], token, ARGV[3])
        taken[#taken + 1] = work
        left, room = left - 1, room - bytes
    end
end
for _, kind in ipairs({ 't', 'l', 'e' }) do
    local first = redis.call('ZRANGE', key(kind), 0, 0, 'WITHSCORES')[2]
    local wait = first and math.max(0, first - NOW)
    if wait and (taken[1] == -1 or wait < taken[1]) then
        taken[1] = wait
    end
end
if room <= 0 then
    -- There may be more.
    taken[1] = 0
end
return taken
