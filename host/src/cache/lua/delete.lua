-- Forget an entry, and end the claim on it.
--
-- KEYS     as in live.lua
--
-- Returns 1 if there was a live value, else 0.

local found = live(redis.call('GETRANGE', KEYS[1], 0, HEAD_LAST))
redis.call('DEL', KEYS[1], KEYS[4])
return found and 1 or 0
