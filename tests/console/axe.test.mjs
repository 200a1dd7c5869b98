// Everything that opens on a page, in both colours: axe finds nothing serious. The pages themselves: pages.test.mjs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { newContext, newPage, opened, pages, serious, settled, start } from './browser.mjs'

let world
before(async () => {
  world = await start()
})
after(async () => {
  await world?.stop()
})

test('axe finds nothing serious in what opens on pages, light and dark', async () => {
  const context = await newContext(world)
  const page = await newPage(world, context)
  const found = []
  for (const [name, [on, press]] of Object.entries(opened)) {
    await page.goto(world.url + pages(world)[on])
    await settled(page)
    await press(page)
    found.push(...(await serious(name, page, { last: true })))
  }
  assert.deepEqual(found, [])
  await context.close()
})

test('what would be wrong is found, in each of the colours', async () => {
  const context = await newContext(world)
  const page = await newPage(world, context)
  await page.goto(world.url + pages(world).roles)
  await settled(page)
  await page.evaluate(() => {
    const faint = (colour) => {
      const text = document.createElement('p')
      text.style.color = colour
      text.textContent = 'hardly to be seen'
      document.querySelector('main').append(text)
    }
    faint('#f4f4f4')
    faint('#222222')
    document.querySelector('main').append(document.createElement('button'))
  })
  const found = await serious('roles', page)
  const last = await serious('roles', page, { last: true })
  for (const what of ['light: button-name', 'light: color-contrast', 'dark: color-contrast'])
    for (const which of [found, last])
      assert.equal(which.filter((each) => each.includes(what)).length, 1, what)
  await context.close()
})
