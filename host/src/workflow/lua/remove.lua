-- Delete a run.
--
-- KEYS[1]  as in part.lua
-- ARGV[1], ARGV[2]  as in send.lua
--
-- Returns 1 if there was one. Fails with ILLEGAL.

if missing then
    return 0
end
if not ENDED[status] then
    return illegal()
end
delete(run)
return 1
