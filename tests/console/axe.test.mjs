// Every page and everything that opens, in both colours: axe finds nothing serious.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { newContext, newPage, opened, pages, serious, settled, start, walk } from './browser.mjs'

let world
before(async () => {
  world = await start()
})
after(async () => {
  await world?.stop()
})

test('axe finds nothing serious, light and dark', async () => {
  const found = []
  await walk(world, {}, async (name, page) => found.push(...(await serious(name, page))))
  assert.deepEqual(found, [])
})

test('nor in what opens on them', async () => {
  const context = await newContext(world)
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
  assert.equal(found.filter((each) => each.includes('light: button-name')).length, 1)
  assert.equal(found.filter((each) => each.includes('light: color-contrast')).length, 1)
  assert.equal(found.filter((each) => each.includes('dark: color-contrast')).length, 1)
  await context.close()
})
