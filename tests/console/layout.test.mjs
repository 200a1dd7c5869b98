// Nothing jumps while a page loads, however slow the machine is and in whatever order answers come.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { fronts, newContext, newPage, pages, settled, start, walk } from './browser.mjs'

let world
let machine
before(async () => {
  world = await start()
  machine = await slowMachine(world.browser)
})
after(async () => {
  machine?.fast()
  await world?.stop()
})

/** What draws pages runs for one of six milliseconds while the machine is slow. It is halted for the others: the browser's
    own way of being slow keeps a core busy, which makes whatever runs beside this test slow, too. */
async function slowMachine(browser) {
  const [runs_ms, halts_ms] = [4, 20]
  const devtools = await browser.newBrowserCDPSession()
  let renderers = []
  let timer
  const tell = (signal) => {
    for (const pid of renderers) {
      try {
        process.kill(pid, signal)
      } catch {
        // It has ended.
      }
    }
  }
  const halt = () => {
    tell('SIGSTOP')
    timer = setTimeout(() => {
      tell('SIGCONT')
      timer = setTimeout(halt, runs_ms)
    }, halts_ms)
  }
  const fast = () => {
    clearTimeout(timer)
    tell('SIGCONT')
  }
  const slow = async () => {
    fast()
    const { processInfo } = await devtools.send('SystemInfo.getProcessInfo')
    renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
    assert.ok(renderers.length > 0)
    halt()
  }
  // Nothing stays halted, however this ends.
  process.once('exit', fast)
  return { slow, fast }
}

/** How much has jumped in a page, with what is drawn after the last answer. */
async function shiftOf(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))))
  return page.evaluate(() => ({ shift: window.layout_shift, sources: window.layout_shifts }))
}
/** What the web calls good is at most 0.1. */
const jumps = 0.05

/** What comes within 15 s on other pages takes six times as long. */
const timeout = 90_000

/** How much later than asked answers of the API come, in milliseconds. */
const waits = [0, 50, 300]

test('nothing jumps while a page loads', async (context) => {
  const shifted = []
  let worst = 0
  let walked = 0
  const prepare = async (page) => {
    page.context().setDefaultTimeout(timeout)
    await machine.slow()
    let asked = 0
    await page.route('**/api/v1/**', async (route) => {
      if (route.request().url().endsWith('/stream')) return route.continue()
      if (route.request().url().endsWith('/session')) await machine.slow()
      // Each page begins with another wait, and the next answers come in another order.
      const wait = waits[(walked + asked++ * (1 + (walked % 2))) % waits.length]
      if (wait > 0) await new Promise((done) => setTimeout(done, wait))
      await route.continue().catch(() => {})
    })
  }
  await walk(world, { prepare }, async (name, page) => {
    walked += 1
    const { shift, sources } = await shiftOf(page)
    // The next one is slow from the first answer of the API, which says who is there, and is asked for before anything
    // is drawn: the code of the whole console, read at a sixth of the speed, would be most of the time.
    if (!(name in fronts)) machine.fast()
    worst = Math.max(worst, shift)
    if (shift >= jumps) shifted.push(`${name}: ${shift.toFixed(3)}`, ...sources)
  })
  context.diagnostic(`the largest layout shift is ${worst.toFixed(3)}`)
  assert.deepEqual(shifted, [])
})

test('what jumps while the machine is slow is seen', async (context) => {
  const page = await newPage(world, await newContext(world))
  page.context().setDefaultTimeout(timeout)
  await page.addInitScript(() => {
    const look = (_, observer) => {
      const heading = document.querySelector('main h1')
      if (!heading) return
      observer.disconnect()
      // What comes over the heading comes just after it.
      setTimeout(() => {
        const above = document.createElement('p')
        above.style.height = '300px'
        heading.before(above)
      })
    }
    new MutationObserver(look).observe(document, { childList: true, subtree: true })
  })
  await machine.slow()
  await page.goto(world.url + pages(world).roles)
  await settled(page)
  const { shift } = await shiftOf(page)
  context.diagnostic(`it jumps by ${shift.toFixed(3)}`)
  assert.ok(shift >= jumps)
})
