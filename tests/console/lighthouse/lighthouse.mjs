// What Lighthouse says of the console's main pages, on a laptop and on a phone. Started by `run`, beside this file.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { pages, start } from '../browser.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const from = (folder) => createRequire(join(root, folder, 'package.json'))
const { chromium } = from('console')('playwright-core')
const { default: lighthouse } = await import(
  pathToFileURL(from('build/lighthouse').resolve('lighthouse'))
)

const categories = ['accessibility', 'best-practices']
const looked_at = [
  'overview',
  'webhooks',
  'webhook',
  'webhook-new',
  'deliveries',
  'delivery',
  'events',
  'event',
  'catalogue',
  'users',
  'user',
  'roles',
  'clients',
  'settings',
  'api-keys',
  'audit',
]
const phone = { mobile: true, width: 390, height: 844, deviceScaleFactor: 2, disabled: false }
const laptop = { mobile: false, width: 1440, height: 900, deviceScaleFactor: 1, disabled: false }

let world
let profile
let context
let port
before(async () => {
  world = await start()
  profile = mkdtempSync(join(tmpdir(), 'postrider-lighthouse-'))
  // Lighthouse opens tabs of its own: the session's cookie must be the browser's.
  context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--remote-debugging-port=0'],
  })
  port = Number(readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0])
  const answer = await context.request.post(`${world.url}/api/v1/realms/master/session`, {
    data: { username: 'admin', password: world.password },
    headers: { 'Sec-Fetch-Site': 'same-origin' },
  })
  assert.equal(answer.status(), 201)
  const [page] = context.pages()
  await page.goto(world.url)
  await page.evaluate(() => localStorage.setItem('realm', 'master'))
})
after(async () => {
  await context?.close()
  if (profile) rmSync(profile, { recursive: true, force: true })
  await world?.stop()
})

for (const [device, screenEmulation] of Object.entries({ laptop, phone })) {
  test(`accessibility and best practices are 100 on a ${device}`, async (running) => {
    const less = []
    const figures = []
    for (const name of looked_at) {
      const { lhr } = await lighthouse(world.url + pages(world)[name], {
        port,
        onlyCategories: categories,
        disableStorageReset: true,
        formFactor: screenEmulation.mobile ? 'mobile' : 'desktop',
        screenEmulation,
        throttlingMethod: 'provided',
        logLevel: 'error',
      })
      const scores = categories.map((each) => Math.round((lhr.categories[each].score ?? 0) * 100))
      figures.push(`${name} ${scores.join('/')}`)
      for (const each of categories)
        for (const { id, weight } of lhr.categories[each].auditRefs) {
          const audit = lhr.audits[id]
          if (weight === 0 || audit.score === null || audit.score === 1) continue
          const items = (audit.details?.items ?? []).slice(0, 3)
          const places = items.map((item) => item.node?.snippet ?? JSON.stringify(item))
          less.push(`${name}: ${id}: ${audit.title}: ${places.join(' | ').slice(0, 400)}`)
        }
      if (scores.some((score) => score < 100) && less.length === 0) less.push(figures.at(-1))
    }
    running.diagnostic(figures.join(', '))
    assert.deepEqual(less, [])
  })
}
