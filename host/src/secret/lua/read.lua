-- Read a version of a secret.
--
-- KEYS[1]  r:ID   KEYS[2]  a:
-- ARGV[1…4] who, as `record` takes it
-- ARGV[5]  the id
-- ARGV[6]  the version, or empty for the newest
-- ARGV[7]  a version that the reader has, or empty
--
-- Returns {version, wrap, value}, with false for the value of a version that the reader
-- has; or false if it is not there.

local version = ARGV[6]
if version == '' then
    local text = redis.call('HGET', KEYS[1], 'head')
    version = text and string.match(text, '%d+$') or ''
end
local wrap = version ~= '' and redis.call('HGET', KEYS[1], 'w' .. version)
if not wrap then
    record(KEYS[2], 1, 'read', ARGV[5], ARGV[6] == '' and '0' or ARGV[6], 'not-found')
    return false
end
record(KEYS[2], 1, 'read', ARGV[5], version, 'ok')
local value = version ~= ARGV[7] and redis.call('HGET', KEYS[1], 'c' .. version)
return {version, wrap, value}
