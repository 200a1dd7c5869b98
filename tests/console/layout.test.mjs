// Nothing jumps while a page loads, however slow the machine is and in whatever order answers come.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { fronts, start, walk } from './browser.mjs'

let world
before(async () => {
  world = await start()
})
after(async () => {
  await world?.stop()
})

/** How much later than asked answers of the API come, in milliseconds. */
const waits = [0, 50, 300]

test('nothing jumps while a page loads', async (context) => {
  const shifted = []
  let worst = 0
  let walked = 0
  const prepare = async (page) => {
    const devtools = await page.context().newCDPSession(page)
    page.slow = (rate) => devtools.send('Emulation.setCPUThrottlingRate', { rate })
    await page.slow(6)
    let asked = 0
    await page.route('**/api/v1/**', async (route) => {
      if (route.request().url().endsWith('/stream')) return route.continue()
      if (route.request().url().endsWith('/session')) await page.slow(6)
      // Each page begins with another wait, and the next answers come in another order.
      const wait = waits[(walked + asked++ * (1 + (walked % 2))) % waits.length]
      if (wait > 0) await new Promise((done) => setTimeout(done, wait))
      await route.continue().catch(() => {})
    })
  }
  await walk(world, { prepare }, async (name, page) => {
    walked += 1
    // What is drawn after the last answer counts, too.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))))
    const { shift, sources } = await page.evaluate(() => ({
      shift: window.layout_shift,
      sources: window.layout_shifts,
    }))
    // The next one is slow from the first answer of the API, which says who is there, and is asked for before anything
    // is drawn: the code of the whole console, read at a sixth of the speed, would be most of the time.
    if (!(name in fronts)) await page.slow(1)
    worst = Math.max(worst, shift)
    // What the web calls good is at most 0.1.
    if (shift >= 0.05) shifted.push(`${name}: ${shift.toFixed(3)}`, ...sources)
  })
  context.diagnostic(`the largest layout shift is ${worst.toFixed(3)}`)
  assert.deepEqual(shifted, [])
})
