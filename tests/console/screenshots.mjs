// Every page at 1440 and 390 px, light and dark: node tests/console/screenshots.mjs <folder> [page …]
// The picture of the README: node tests/console/screenshots.mjs --readme
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { fronts, newContext, newPage, pages, settled, start } from './browser.mjs'

const readme = process.argv[2] === '--readme'
const folder = readme ? 'docs' : (process.argv[2] ?? 'build/screenshots')
const wanted = process.argv.slice(3)
mkdirSync(folder, { recursive: true })
const world = await start(readme ? 'tidy' : '')
try {
  if (readme) {
    const page = await newPage(world, await newContext(world, { width: 1360, height: 1000 }))
    await page.goto(world.url + pages(world).webhook)
    await settled(page)
    await page.getByRole('region', { name: 'request body' }).waitFor()
    await page.screenshot({ path: join(folder, 'console.png') })
  }
  for (const width of readme ? [] : [1440, 390]) {
    for (const dark of [false, true]) {
      for (const [as, all] of [
        ['admin', pages(world)],
        [null, fronts],
      ]) {
        const context = await newContext(world, {
          width,
          height: width === 390 ? 844 : 900,
          dark,
          as,
        })
        const page = await newPage(world, context)
        for (const [name, path] of Object.entries(all)) {
          if (wanted.length > 0 && !wanted.includes(name)) continue
          await page.goto(world.url + path)
          await settled(page)
          // Live lists ask once more when the stream has begun; two frames later all is drawn.
          await page.evaluate(
            () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
          )
          await page.screenshot({
            path: join(folder, `${name}-${width}-${dark ? 'dark' : 'light'}.png`),
          })
        }
        await context.close()
      }
    }
  }
} finally {
  await world.stop()
}
