-- Cancel a run.
--
-- KEYS[1]  as in part.lua
-- ARGV[1], ARGV[2]  as in send.lua
-- ARGV[3]  the event, or empty to end it at once
--
-- Returns 1 if it was not cancelled before. Fails with NORUN or ILLEGAL.

if missing then
    return MISSING
end
if ENDED[status] then
    return illegal()
end
if ARGV[3] == '' then
    stop(run)
    return 1
end
return cancel(run, ARGV[3]) and 1 or 0
