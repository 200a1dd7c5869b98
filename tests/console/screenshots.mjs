// Every page at 1440 and 390 px, light and dark: node tests/console/screenshots.mjs <folder> [only-this-page]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { open, pages, settled, start } from './browser.mjs'

const folder = process.argv[2] ?? 'build/screenshots'
mkdirSync(folder, { recursive: true })
const world = await start()
try {
  for (const [name, path] of Object.entries(pages(world))) {
    if (process.argv[3] && process.argv[3] !== name) continue
    for (const width of [1440, 390]) {
      for (const dark of [false, true]) {
        const page = await open(world, path, { width, height: width === 390 ? 844 : 900, dark })
        await settled(page)
        await page.screenshot({ path: join(folder, `${name}-${width}-${dark ? 'dark' : 'light'}.png`) })
        await page.context().close()
      }
    }
  }
} finally {
  await world.stop()
}
