// Runs files of tests, some at a time, begun in the order in which they are given; writes what came of them as JUnit:
// node tests/console/all.mjs <at a time> <junit file> <file …>
import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { junit } from 'node:test/reporters'

const [at_a_time, target, ...files] = process.argv.slice(2)
// `node --test` sorts them by name, and what takes longest would begin when the others end.
const tests = run({ files: files.map((each) => resolve(each)), concurrency: Number(at_a_time) })
tests.on('test:fail', () => (process.exitCode = 1))
for (const said of ['test:stdout', 'test:stderr'])
  tests.on(said, ({ message }) => process.stderr.write(message))
await pipeline(tests.compose(junit), createWriteStream(target))
