// What the console's tests and its screenshots share: the world, a browser, a page that is logged in.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const require = createRequire(join(here, '../../console/package.json'))
const { chromium } = require('playwright-core')
export const axe_source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

export async function start() {
  const data = mkdtempSync(join(tmpdir(), 'postrider-console-'))
  const child = spawn('/usr/bin/python3', ['-B', join(here, 'world.py'), data], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the world did not start')
    return JSON.parse(value)
  }
  const world = await answer()
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  return {
    ...world, browser,
    async tell(command) { child.stdin.write(`${command}\n`); await answer() },
    async stop() {
      await browser.close()
      child.stdin.end()
      await new Promise((done) => child.on('exit', done))
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** A page where somebody has logged in; it remembers what the browser complained about. */
export async function open(world, path, { width = 1440, height = 900, dark = false } = {}) {
  const context = await world.browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.complaints = []
  page.elsewhere = []
  page.on('console', (message) => { if (message.type() === 'error') page.complaints.push(message.text()) })
  page.on('pageerror', (error) => page.complaints.push(String(error)))
  page.on('request', (request) => { if (!request.url().startsWith(world.url) && !request.url().startsWith('data:')) page.elsewhere.push(request.url()) })
  await page.goto(world.url + path)
  await logIn(page, world)
  return page
}

export async function logIn(page, world) {
  await page.getByLabel('API token').fill(world.token)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.locator('#content').waitFor()
}

/** Waits until nothing loads any more. */
export async function settled(page) {
  await page.locator('#content h1').first().waitFor()
  await page.waitForFunction(() => document.querySelectorAll('[role=status][aria-label=Loading]').length === 0)
  await page.evaluate(() => document.fonts.ready)
}

export const pages = (world) => ({
  overview: `/console/${world.realm}`,
  webhooks: `/console/${world.realm}/webhooks`,
  'webhook-new': `/console/${world.realm}/webhooks/new`,
  webhook: `/console/${world.realm}/webhooks/${world.bad}?delivery=${world.delivery}`,
  'webhook-edit': `/console/${world.realm}/webhooks/${world.bad}/edit`,
  deliveries: `/console/${world.realm}/deliveries?state=failed`,
  events: `/console/${world.realm}/events`,
  publish: `/console/${world.realm}/events?publish=1`,
  event: `/console/${world.realm}/events/${world.event}`,
  catalogue: `/console/${world.realm}/catalogue?type=user.created`,
})
