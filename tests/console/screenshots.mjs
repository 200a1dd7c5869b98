// Every page at 1440 and 390 px, light and dark: node tests/console/screenshots.mjs <folder> [page …]
// The picture of the README: node tests/console/screenshots.mjs --readme
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { fronts, newContext, newPage, opened, pages, settled, start } from './browser.mjs'

const readme = process.argv[2] === '--readme'
const folder = readme ? 'docs' : (process.argv[2] ?? 'build/screenshots')
const wanted = process.argv.slice(3)
mkdirSync(folder, { recursive: true })
const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
async function shoot(page, name, path, { width, dark }, press) {
  if (wanted.length > 0 && !wanted.includes(name)) return
  await page.goto(world.url + path)
  await settled(page)
  await press?.(page)
  // Live lists ask once more when the stream has begun; two frames later all is drawn.
  await page.evaluate(frames)
  await page.screenshot({
    path: join(folder, `${name}-${width}-${dark ? 'dark' : 'light'}.png`),
    // What lies over a page covers what one sees of it, and no more.
    fullPage: (await page.locator('[role=dialog], [role=menu]').count()) === 0,
  })
}

const world = await start()
try {
  if (readme) {
    const { realm } = await world.tell('incident')
    const page = await newPage(world, await newContext(world, { width: 1360, height: 1000 }))
    await page.goto(`${world.url}/console/${realm}`)
    await settled(page)
    await page.getByRole('link', { name: 'Search index, 500' }).waitFor()
    await page.getByText('live', { exact: true }).waitFor()
    await page.screenshot({ path: join(folder, 'console.png') })
  }
  for (const width of readme ? [] : [1440, 390]) {
    for (const dark of [false, true]) {
      const size = { width, height: width === 390 ? 844 : 900, dark }
      const context = await newContext(world, size)
      const page = await newPage(world, context)
      for (const [name, path] of Object.entries(pages(world))) await shoot(page, name, path, size)
      for (const [name, [on, press]] of Object.entries(opened)) {
        // The menu of realms is behind another one on a phone.
        if (width === 390 && name === 'realm-menu') continue
        await shoot(page, name, pages(world)[on], size, press)
      }
      await context.close()
      const outside = await newContext(world, { ...size, as: null })
      const front = await newPage(world, outside)
      for (const [name, path] of Object.entries(fronts)) await shoot(front, name, path, size)
      await outside.close()
    }
  }
} finally {
  await world.stop()
}
