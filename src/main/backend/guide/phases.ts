import type { Phase } from './look.ts'
import { approval } from './phases/approval.ts'
import { basicRun } from './phases/basicRun.ts'
import { code } from './phases/code.ts'
import { encryption } from './phases/encryption.ts'
import { failures } from './phases/failures.ts'
import { setUp } from './phases/setUp.ts'
import type { Place } from './place.ts'

/** The guided demonstration as a list of things to see, in the order of the seed's own guide. */
export const phasesOf = (place: Place): Phase[] => [
  setUp(place),
  basicRun(place),
  failures(place),
  approval(place),
  encryption(place),
  code(place),
]
