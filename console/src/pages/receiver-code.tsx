import { Tab, TabGroup, TabList, TabPanel, TabPanels } from '@headlessui/react'
import { useSearch } from '@tanstack/react-router'

import cpp from '../../../examples/receivers/cpp/receiver.cc?raw'
import goModule from '../../../examples/receivers/go/go.mod?raw'
import go from '../../../examples/receivers/go/main.go?raw'
import nodePackage from '../../../examples/receivers/node/package.json?raw'
import node from '../../../examples/receivers/node/receiver.js?raw'
import python from '../../../examples/receivers/python/receiver.py?raw'
import requirements from '../../../examples/receivers/python/requirements.txt?raw'
import cargo from '../../../examples/receivers/rust/Cargo.toml?raw'
import rust from '../../../examples/receivers/rust/src/main.rs?raw'
import type { Webhook } from '../api/client'
import { useWebhook } from '../queries'
import { Code } from '../ui/json'
import { Failure, Field, Skeleton } from '../ui/kit'
import { useFilters } from '../ui/listing'
import { Picker } from '../ui/picker'
import { isLost } from '../ui/stale'

type Receiver = { label: string; files: Record<string, string>; start: string }

/** The example receivers of the repository, which its own tests build and run. */
const receivers: Receiver[] = [
  {
    label: 'Rust',
    files: { 'src/main.rs': rust, 'Cargo.toml': cargo },
    start: 'cargo run',
  },
  {
    label: 'Node',
    files: { 'receiver.js': node, 'package.json': nodePackage },
    start: 'npm install && node receiver.js',
  },
  {
    label: 'Python',
    files: { 'receiver.py': python, 'requirements.txt': requirements },
    start: 'pip install -r requirements.txt && python3 receiver.py',
  },
  {
    label: 'Go',
    files: { 'main.go': go, 'go.mod': goModule },
    start: 'go mod tidy && go run .',
  },
  {
    label: 'C++',
    files: { 'receiver.cc': cpp },
    start: 'g++ -std=c++20 -O2 -o receiver receiver.cc -lcrypto && ./receiver',
  },
]

/** The variable that has this webhook's secret: "Billing EU" is BILLING_EU_WEBHOOK_SECRET. */
function secretName(webhook: Webhook | undefined): string {
  const words = (webhook?.name ?? '')
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^[_0-9]+|_+$/g, '')
  return words ? `${words.slice(0, 40)}_WEBHOOK_SECRET` : 'WEBHOOK_SECRET'
}

/** The path and the port of a URL, where they can stand in every one of the programs. */
function place(webhook: Webhook | undefined): { path: string; port: string } {
  const url = webhook && URL.canParse(webhook.url) ? new URL(webhook.url) : null
  const path = url && /^(\/[\w.-]+)+$/.test(url.pathname) ? url.pathname : '/webhook'
  const local = url && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  return { path, port: (local && url.port) || '3000' }
}

/** The repository's program, with one webhook's names in it. */
const adapted = (text: string, secret: string, path: string) =>
  text.replaceAll('WEBHOOK_SECRET', secret).replaceAll(/\/webhook(?=["`\\ ])/g, path)

/** The programs as one webhook needs them, or any. */
function Programs({ webhook }: { webhook?: Webhook }) {
  const search = useSearch({ strict: false }) as { code?: string }
  const set = useFilters()
  const secret = secretName(webhook)
  const { path, port } = place(webhook)
  const chosen = Math.max(
    0,
    receivers.findIndex((each) => each.label === search.code),
  )
  return (
    <>
      {webhook && !webhook.signing.includes('v1') && (
        <p className="text-warn text-[13px]">
          This webhook does not sign with v1, which is what these programs check: let it sign with
          v1 too, under “Advanced”.
        </p>
      )}
      <div>
        <h3 className="label">The secret, which the webhook’s page reveals</h3>
        <Code label="secret" text={`export ${secret}=whsec_…`} />
      </div>
      <div>
        <h3 className="label">On your own machine, without any code</h3>
        <Code
          label="listen command"
          text={`postrider listen --port ${port} --secret "$${secret}"`}
        />
      </div>
      <TabGroup selectedIndex={chosen} onChange={(index) => set({ code: receivers[index]?.label })}>
        <TabList className="flex flex-wrap gap-1 mb-3" aria-label="Language">
          {receivers.map(({ label }) => (
            <Tab
              key={label}
              className="h-8 px-3 rounded-lg text-[13px] font-medium text-muted hover:text-ink data-[selected]:bg-accent/10 data-[selected]:text-accent"
            >
              {label}
            </Tab>
          ))}
        </TabList>
        <TabPanels>
          {receivers.map(({ label, files, start }) => (
            <TabPanel key={label} tabIndex={-1} className="space-y-4">
              {Object.entries(files).map(([name, text], index) => (
                <div key={name}>
                  <h3 className="font-mono text-[12px] text-muted mb-1.5">{name}</h3>
                  <Code
                    label={index === 0 ? `${label} receiver` : name}
                    text={adapted(text, secret, path).trimEnd()}
                    max="max-h-[32rem]"
                  />
                </div>
              ))}
              <div>
                <h3 className="label">Start it</h3>
                <Code
                  label="start command"
                  text={port === '3000' ? start : `export PORT=${port}\n${start}`}
                />
              </div>
            </TabPanel>
          ))}
        </TabPanels>
      </TabGroup>
    </>
  )
}

export function ReceiverCode() {
  const search = useSearch({ strict: false }) as { webhook?: string }
  const set = useFilters()
  const chosen = search.webhook !== undefined
  const webhook = useWebhook(search.webhook ?? '', chosen)
  return (
    <section className="card p-5 space-y-5">
      <div className="flex flex-wrap items-end justify-between gap-4">
        <div className="min-w-0 max-w-md">
          <h2 className="font-semibold text-[15px]">Receive it</h2>
          <p className="text-muted mt-1">
            Programs that verify the signature before they read the body, drop what came before, and
            answer at once.
          </p>
        </div>
        <div className="w-full sm:w-64">
          <Field label="For the webhook">
            {(ids) => (
              <Picker
                ids={ids}
                kind="webhook"
                none="any webhook"
                value={search.webhook}
                onChange={(webhook) => set({ webhook })}
              />
            )}
          </Field>
        </div>
      </div>
      {/* Never the programs of another webhook, or of any, which somebody would copy. */}
      {isLost(webhook) ? (
        <Failure error={webhook.error} retry={() => webhook.refetch()} />
      ) : chosen && webhook.isPending ? (
        <Skeleton rows={12} />
      ) : (
        <Programs webhook={chosen ? webhook.data : undefined} />
      )}
    </section>
  )
}
