-- Shared by the scripts that bring something to a run.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the run
-- ARGV[2]  the workflow that it must be of, or empty

local run = ARGV[1]
local status, workflow = unpack(head(run, 'status', 'workflow'))
local missing = not status or (ARGV[2] ~= '' and ARGV[2] ~= workflow)
local MISSING = redis.error_reply('NORUN there is no such run')

local function illegal()
    return redis.error_reply('ILLEGAL ' .. status)
end

