// Says what AsyncAPI's own parser finds in a document; any finding that is no information is an error.
import { readFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'))
const found = diagnostics.filter((each) => each.severity < 2)
for (const each of found) console.log(each.code, each.path.join('/'), each.message)
process.exit(document === undefined || found.length > 0 ? 1 : 0)
