-- Remove fields of a session.
--
-- KEYS, ARGV[1], ARGV[2]  as in write.lua
-- ARGV[3…] names
--
-- Returns the new version, or 0 if there is no session.

local version, bytes = state()
if version == 0 then
    return '0'
end
for i = 3, #ARGV do
    local length = redis.call('HSTRLEN', KEYS[1], ARGV[i])
    if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then
        bytes = bytes - #ARGV[i] - length
    end
end
return written(version, bytes)
