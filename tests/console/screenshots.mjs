// Every page at 1440 and 390 px, light and dark: node tests/console/screenshots.mjs <folder> [page …]
// The picture of the README: node tests/console/screenshots.mjs --readme
// Twelve webhooks in an incident, the same way: node tests/console/screenshots.mjs --incident <folder>
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { fronts, newContext, newPage, opened, pages, settled, start } from './browser.mjs'

const readme = process.argv[2] === '--readme'
const isIncident = process.argv[2] === '--incident'
const [given, ...wanted] = process.argv.slice(isIncident ? 3 : 2)
const folder = readme ? 'docs' : (given ?? 'build/screenshots')
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

/** What an operator looks at who was woken: by the name of the picture, where it is and what is opened there. */
function incidentPages(incident) {
  const at = (path) => `/console/${incident.realm}${path}`
  const first = (page) =>
    page
      .getByRole('button', { name: /order\.paid/ })
      .first()
      .click()
  const advanced = async (page, ...selected) => {
    await page.getByText('Advanced:').click()
    for (const [label, value] of selected)
      await page.getByLabel(label, { exact: true }).selectOption(value)
  }
  return {
    'incident-overview': [at('')],
    'incident-webhooks': [at('/webhooks')],
    'incident-500': [at(`/webhooks/${incident['Search index, 500']}`), first],
    'incident-limited': [at(`/webhooks/${incident['Rate limited']}`), first],
    'incident-hangs': [at(`/webhooks/${incident.Hangs}`), first],
    'incident-gone': [at(`/webhooks/${incident['Gone, 410']}`)],
    'incident-deliveries': [at('/deliveries')],
    'incident-pending': [at('/deliveries?state=pending')],
    'incident-audit': [at('/audit')],
    'incident-template': [
      at(`/webhooks/${incident.Healthy}/edit`),
      (page) => advanced(page, ['Body', 'template'], ['Authentication', 'oauth2']),
    ],
  }
}

const world = await start()
try {
  const incident = isIncident ? await world.tell('incident') : null
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
      if (incident) {
        for (const [name, [path, press]] of Object.entries(incidentPages(incident)))
          await shoot(page, name, path, size, press)
        await context.close()
        continue
      }
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
