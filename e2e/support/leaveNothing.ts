/** vitest's setup of each file: the first hook that is registered runs last, also when a host never came up. */
import { afterAll } from 'vitest'
import { removeHomes } from './host.ts'

afterAll(removeHomes)
