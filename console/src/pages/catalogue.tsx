import { Tab, TabGroup, TabList, TabPanel, TabPanels } from '@headlessui/react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import cpp from '../../../examples/receivers/cpp/receiver.cc?raw'
import go from '../../../examples/receivers/go/main.go?raw'
import node from '../../../examples/receivers/node/receiver.js?raw'
import python from '../../../examples/receivers/python/receiver.py?raw'
import rust from '../../../examples/receivers/rust/src/main.rs?raw'
import { useEventTypes } from '../queries'
import { Badge, Code, PageHead, Skeleton, PageFailure } from '../ui/kit'

/** The example receivers of the repository, which its own tests build and run. */
const receivers = { Node: node, Python: python, Go: go, Rust: rust, 'C++': cpp }

export function Catalogue() {
  const types = useEventTypes()
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as { type?: string }
  const [filter, setFilter] = useState('')
  if (types.isPending) return <Skeleton rows={10} />
  if (types.isError) return <PageFailure error={types.error} retry={() => void types.refetch()} />
  const found = types.data.filter((type) =>
    `${type.name} ${type.description}`.toLowerCase().includes(filter.toLowerCase()),
  )
  const chosen = types.data.find((type) => type.name === search.type) ?? types.data[0]
  return (
    <>
      <PageHead
        title="Event catalogue"
        lead="What can happen, what it carries, and code that receives it."
      />
      <div className="grid lg:grid-cols-[17rem_minmax(0,1fr)] gap-6 items-start">
        <div className="card overflow-hidden">
          <div className="p-2 border-b border-line">
            <input
              aria-label="Search event types"
              placeholder="Search"
              className="field"
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
            />
          </div>
          <ul
            className="max-h-64 lg:max-h-[40rem] overflow-auto p-1.5"
            aria-label="Event types"
            tabIndex={0}
          >
            {found.map((type) => (
              <li key={type.name}>
                <button
                  type="button"
                  aria-current={type === chosen || undefined}
                  onClick={() =>
                    void navigate({ to: '.', search: { type: type.name }, replace: true } as never)
                  }
                  className={`w-full text-left px-2.5 py-1.5 rounded-md text-[13px] font-mono break-all ${type === chosen ? 'bg-accent/10 text-accent' : 'text-muted hover:text-ink hover:bg-sunken'}`}
                >
                  {type.name}
                </button>
              </li>
            ))}
          </ul>
        </div>
        {chosen && (
          <div className="min-w-0 space-y-6">
            <section className="card p-5 space-y-4">
              <div>
                <h2 className="font-semibold text-[17px] break-all flex items-center gap-2 flex-wrap">
                  {chosen.name}
                  <Badge tone={chosen.built_in ? 'accent' : 'idle'}>
                    {chosen.built_in ? 'built in' : 'your own'}
                  </Badge>
                </h2>
                <p className="text-muted mt-1">{chosen.description || 'No description.'}</p>
              </div>
              <div className="grid xl:grid-cols-2 gap-5">
                <div className="min-w-0">
                  <h3 className="label">Example of data</h3>
                  {chosen.example ? (
                    <Code label="example" text={JSON.stringify(chosen.example, null, 2)} />
                  ) : (
                    <p className="text-muted">None was given.</p>
                  )}
                </div>
                <div className="min-w-0">
                  <h3 className="label">Schema</h3>
                  {chosen.schema ? (
                    <Code label="schema" text={JSON.stringify(chosen.schema, null, 2)} />
                  ) : (
                    <p className="text-muted">None was given.</p>
                  )}
                </div>
              </div>
            </section>
            <section className="card p-5">
              <h2 className="font-semibold text-[15px]">Receive it</h2>
              <p className="text-muted mt-1 mb-4">
                Each program verifies the signature before it reads the body. On your own machine,
                without any code, with the secret of the webhook:
              </p>
              <Code label="listen command" text="postrider listen --port 3000 --secret whsec_…" />
              <TabGroup className="mt-4">
                <TabList className="flex flex-wrap gap-1 mb-3">
                  {Object.keys(receivers).map((name) => (
                    <Tab
                      key={name}
                      className="h-8 px-3 rounded-lg text-[13px] font-medium text-muted hover:text-ink data-[selected]:bg-accent/10 data-[selected]:text-accent"
                    >
                      {name}
                    </Tab>
                  ))}
                </TabList>
                <TabPanels>
                  {Object.entries(receivers).map(([name, code]) => (
                    <TabPanel key={name} tabIndex={-1}>
                      <Code label={`${name} receiver`} text={code} max="max-h-[32rem]" />
                    </TabPanel>
                  ))}
                </TabPanels>
              </TabGroup>
            </section>
          </div>
        )}
      </div>
    </>
  )
}
