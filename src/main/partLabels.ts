/** The parts of a stack's health as a terminal names them. */
export const partLabels = {
  temporal: 'Temporal',
  postgres: 'Postgres',
  worker: 'Worker',
  inbox: 'Inbox',
  dev: 'Dev endpoint',
  prod: 'Prod endpoint',
  secrets: 'Secrets',
  disk: 'Disk',
} as const

export type PartName = keyof typeof partLabels
export const partNames = Object.keys(partLabels) as PartName[]
