-- Replace the wrap of a version, if it is still the one that was read.
--
-- KEYS[1]  r:ID   KEYS[2]  b:   KEYS[3]  w:
-- ARGV[1…4] who, as `record` takes it
-- ARGV[5]  the id
-- ARGV[6]  the version
-- ARGV[7]  the wrap that was read
-- ARGV[8]  the wrap to put in its place
--
-- Returns 1, or 0 if there is another wrap, or none any more: then nothing is written.
-- Fails with BARRED, writing nothing, if the key of the new wrap is barred.

if redis.call('HGET', KEYS[1], 'w' .. ARGV[6]) ~= ARGV[7] then
    return 0
end
if redis.call('SISMEMBER', KEYS[2], key_of(ARGV[8])) == 1 then
    return redis.error_reply('BARRED the key is barred')
end
redis.call('HSET', KEYS[1], 'w' .. ARGV[6], ARGV[8])
record(KEYS[3], 1, 'rotate', ARGV[5], ARGV[6], 'ok')
return 1
