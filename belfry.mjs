#!/usr/bin/env node
// The command `belfry`. Plain JavaScript for any Node from 18 on.
import { run } from './runtime.mjs'

const [command, ...args] = process.argv.slice(2)
if (command === 'start') await run('src/main.ts', args)
else await run('src/cli/belfry.ts', process.argv.slice(2))
