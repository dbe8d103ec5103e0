-- Resume a suspended run.
--
-- KEYS[1]  as in part.lua
-- ARGV[1], ARGV[2]  as in send.lua
--
-- Returns 1. Fails with NORUN or ILLEGAL.

if missing then
    return MISSING
end
if status ~= 'suspended' then
    return illegal()
end
move(run, 'running')
tell(run, '{"resumed":{}}')
return 1
