// Every page and everything that opens, in both colours: axe finds nothing serious.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { axe_source, newContext, newPage, opened, pages, settled, start, walk } from './browser.mjs'

let world
before(async () => {
  world = await start()
})
after(async () => {
  await world?.stop()
})

/** What axe finds serious or critical. */
async function serious(name, page) {
  // Not as a <script>: the policy would refuse it.
  await page.evaluate(axe_source)
  const { violations } = await page.evaluate(() => window.axe.run())
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes: [first] }) => {
      const summary = first.failureSummary?.split('\n')[1] ?? ''
      return `${name}: ${id}: ${first.html.slice(0, 160)} ${summary}`
    })
}

for (const dark of [false, true]) {
  const colours = dark ? 'dark' : 'light'
  test(`axe finds nothing serious, ${colours}`, async () => {
    const found = []
    await walk(world, { dark }, async (name, page) => found.push(...(await serious(name, page))))
    assert.deepEqual(found, [])
  })

  test(`nor in what opens on them, ${colours}`, async () => {
    const context = await newContext(world, { dark })
    const page = await newPage(world, context)
    const found = []
    for (const [name, [on, press]] of Object.entries(opened)) {
      await page.goto(world.url + pages(world)[on])
      await settled(page)
      await press(page)
      found.push(...(await serious(name, page)))
    }
    assert.deepEqual(found, [])
    await context.close()
  })
}
