-- Start a run.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  its id            ARGV[2]  its workflow
-- ARGV[3]  its first event   ARGV[4]  its delay, in milliseconds
-- ARGV[5…] further fields of its head, name, value, …
--
-- Returns {id, 1 if it was started now}. Fails with NOVERSION.

local run, workflow, event, delay = unpack(ARGV, 1, 4)
if redis.call('EXISTS', key('r', run)) == 1 then
    -- The answer of an earlier try was lost: this is the run that it started.
    return { run, 1 }
end
local more = {}
for i = 5, #ARGV, 2 do
    more[ARGV[i]] = ARGV[i + 1]
end
local named = more.key and key('k', workflow .. ':' .. more.key)
local old = named and redis.call('GET', named)
if old then
    return { old, 0 }
end
local digest = version(workflow)
if not digest then
    return redis.error_reply('NOVERSION no version of the workflow is active')
end
born(run, workflow, digest, event, tonumber(delay), more)
if named then
    redis.call('SET', named, run)
end
return { run, 1 }
