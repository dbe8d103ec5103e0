// Times @pikku/redis on the Redis at a Unix socket, for `cargo xtask bench --node`.
//
// Each line of input is `OPERATION CALLERS SHARE`: every caller does it SHARE times,
// on a database of its own. Each line of output is how long that took, in nanoseconds.

import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { RedisChannelStore, RedisEventHubStore, RedisSecretService, RedisWorkflowService } from '@pikku/redis'

// Each store has a connection of its own: the package may bring an ioredis of its own,
// which would not know another's.
const place = { path: process.argv[2] }
const redis = new Redis(place)
const channels = new RedisChannelStore(place)
const hub = new RedisEventHubStore(place)
const secrets = new RedisSecretService(place, { key: 'a passphrase of thirty-two chars' })
const workflows = new RedisWorkflowService(place)

// A hundred bytes of JSON, as the guest has them.
const openingData = 'v'.repeat(98)

// As many topics of each channel as in the guest.
const TOPICS = 64

const add = (channelId) => channels.addChannel({ channelId, channelName: 'bench', openingData })

// What its engine has the store do for a run of ten steps.
async function ten() {
  const run = await workflows.createRun('ten', null, true, 'graph', {})
  for (let i = 0; i < 10; i++) {
    const { stepId } = await workflows.insertStepState(run, `step-${i}`, null, null)
    await workflows.setStepRunning(stepId)
    await workflows.setStepResult(stepId, null)
  }
  await workflows.updateRunStatus(run, 'completed', null)
}

const operations = {
  add: (id, i) => add(`${id}/${i}`),
  get: (id) => channels.getChannel(id),
  run: ten,
  secret: () => secrets.getSecret('key'),
  subscribe: (id, i) => hub.subscribe(`topic-${i % TOPICS}`, `${id}/${Math.floor(i / TOPICS)}`),
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, callers, share] = line.split(' ')
  const operation = operations[name]
  const ids = Array.from({ length: Number(callers) }, (_, caller) => `${caller}`)
  await redis.flushdb()
  await Promise.all(ids.map(add))
  // The salt is gone with the database, and its key is in the service.
  if (name === 'secret') await secrets.setSecret('key', 'v'.repeat(100))
  const start = process.hrtime.bigint()
  await Promise.all(
    ids.map(async (id) => {
      for (let i = 0; i < Number(share); i++) {
        await operation(id, i)
      }
    })
  )
  console.log(`${process.hrtime.bigint() - start}`)
}
process.exit()
