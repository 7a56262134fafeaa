import { testHoldStore } from '../../testing/hold/test-hold-store.ts'
import { memoryHold } from './memory.ts'

testHoldStore('memory', {
  async create() {
    const store = memoryHold()
    return { store, other: store, dispose: async () => undefined }
  },
})
