import type { Webhook } from '../api/client'
import { useRealm } from '../queries'
import { Choice, Text } from '../ui/form'
import { isJson } from '../ui/format'
import { Field } from '../ui/kit'

/** What a webhook asks of its deliveries beyond where they go; empty is the default. */
export type Controls = {
  filter: string
  format: string
  template: string
  rateCount: string
  ratePer: string
  inFlight: string
  /** '', 'skip' or 'hold': whether the order of resources is kept, and what if one has failed for good. */
  order: string
  /** '' or 'all': whose events it takes. */
  realms: string
}

export const controlFields = [
  'filter',
  'format',
  'template',
  'rate_limit',
  'max_in_flight',
  'ordering',
  'on_exhausted',
  'realms',
]

export const controlLabels = {
  filter: 'Filter',
  format: 'Body',
  template: 'Template',
  rateCount: 'Rate limit',
  ratePer: 'Rate limit within',
  inFlight: 'Attempts at a time',
  order: 'Order',
  realms: 'Events of',
}

export const noControls: Controls = {
  filter: '',
  format: '',
  template: '',
  rateCount: '',
  ratePer: '1m',
  inFlight: '',
  order: '',
  realms: '',
}

export const controlsOf = (webhook: Webhook): Controls => ({
  filter: webhook.filter_text ?? '',
  format: webhook.format ?? '',
  template: webhook.template_text ?? '',
  rateCount: webhook.rate_limit?.count.toString() ?? '',
  ratePer: webhook.rate_limit?.per ?? noControls.ratePer,
  inFlight: webhook.max_in_flight?.toString() ?? '',
  order: webhook.ordering === 'resource' ? (webhook.on_exhausted ?? 'skip') : '',
  realms: webhook.realms ?? '',
})

/** A number where one was typed; else the text, so that the server says what is wrong with it. */
const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : text)

/** Without filter and template, which go as their texts. */
export const bodyOf = ({ format, rateCount, ratePer, inFlight, order, realms }: Controls) => ({
  format: format || null,
  rate_limit: rateCount ? { count: number(rateCount), per: ratePer } : null,
  max_in_flight: inFlight ? number(inFlight) : null,
  ordering: order ? 'resource' : null,
  on_exhausted: order === 'hold' ? order : null,
  realms: realms || null,
})

const formats: Record<string, { label: string; hint: string }> = {
  '': { label: 'Postrider', hint: 'Event, time, resource and data.' },
  payload: { label: 'Data alone', hint: 'What was published as data, byte for byte.' },
  cloudevents: { label: 'CloudEvents 1.0', hint: 'Structured JSON.' },
  slack: { label: 'Slack', hint: 'A message, for the URL of an incoming webhook.' },
  discord: { label: 'Discord', hint: 'A message, for the URL of a channel’s webhook.' },
  teams: { label: 'Microsoft Teams', hint: 'A card, for the URL of a workflow.' },
  pagerduty: { label: 'PagerDuty', hint: 'An alert; needs the header X-Routing-Key.' },
  template: { label: 'Template', hint: 'JSON of your own, below.' },
}
const formatLabels = Object.fromEntries(
  Object.entries(formats).map(([format, { label }]) => [format, label]),
)
const orders: Record<string, string> = {
  '': 'Any order',
  skip: 'By resource, skip failures',
  hold: 'By resource, hold on failure',
}
const order_hints: Record<string, string> = {
  '': 'A retry does not hold up what comes after it.',
  skip: 'Events of one resource come in their order; one that has failed for good is left out.',
  hold: 'Events of one resource come in their order; one that has failed for good holds the rest until you release it.',
}
const whose = { '': 'This realm', all: 'All realms' }
const spans = { '1s': 'a second', '1m': 'a minute', '1h': 'an hour', '1d': 'a day' }

export const orderName = (webhook: Webhook) => orders[controlsOf(webhook).order] ?? 'By resource'
export const formatName = (format: string) => formats[format]?.label ?? format

export function ControlFields({
  value,
  onChange,
  error,
}: {
  value: Controls
  onChange: (changed: Partial<Controls>) => void
  error: (name: string) => string | undefined
}) {
  const realm = useRealm()
  return (
    <>
      <Choice
        label="Body"
        options={formatLabels}
        hint={formats[value.format]?.hint}
        error={error('format')}
        value={value.format}
        onChange={(format) => onChange({ format })}
      />
      <Text
        label="Attempts at a time"
        placeholder="64"
        value={value.inFlight}
        onChange={(inFlight) => onChange({ inFlight })}
        hint="At most, 1 to 256. Empty: 64."
        error={error('max_in_flight')}
      />
      {value.format === 'template' && (
        <div className="sm:col-span-2">
          <Field
            label="Template"
            hint="JSON; {{event}}, {{timestamp}}, {{resource_id}}, {{id}}, {{realm}} and {{data.name}} stand for the event’s values."
            error={
              error('template') ??
              (value.template.trim() && !isJson(value.template) ? 'is not JSON' : undefined)
            }
            value={value.template}
          >
            {(ids) => (
              <textarea
                {...ids}
                className="field font-mono text-[13px] h-32 py-2"
                spellCheck={false}
                placeholder='{"text": "{{event}}: {{data.total}}"}'
                value={value.template}
                onChange={(event) => onChange({ template: event.target.value })}
              />
            )}
          </Field>
        </div>
      )}
      <Text
        label="Rate limit"
        placeholder="no limit"
        value={value.rateCount}
        onChange={(rateCount) => onChange({ rateCount })}
        hint="So many attempts at most, spread evenly. Empty: no limit."
        error={error('rate_limit/count')}
      />
      <Choice
        label="Within"
        options={spans}
        error={error('rate_limit/per')}
        disabled={!value.rateCount}
        value={value.ratePer}
        onChange={(ratePer) => onChange({ ratePer })}
      />
      <Choice
        label="Order"
        options={orders}
        hint={order_hints[value.order]}
        error={error('ordering') ?? error('on_exhausted')}
        value={value.order}
        onChange={(order) => onChange({ order })}
      />
      {realm === 'master' && (
        <Choice
          label="Events of"
          options={whose}
          hint="Of all realms: what happens in the others, too; needs manage_realms."
          error={error('realms')}
          value={value.realms}
          onChange={(realms) => onChange({ realms })}
        />
      )}
    </>
  )
}
