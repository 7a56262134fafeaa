// `npm start`: the demo on embedded defaults. Everything after `--` goes to it.
process.argv.splice(2, 0, 'demo')
await import('../packages/server/src/cli/main.ts')
