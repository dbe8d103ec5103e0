-- How long an entry has to live.
--
-- KEYS     as in live.lua
--
-- Returns milliseconds, or nil where there is no live value.

local found = live(redis.call('GETRANGE', KEYS[1], 0, HEAD_LAST))
return found and redis.call('PTTL', KEYS[1])
