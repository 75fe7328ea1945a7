import { expect, test } from 'vitest'
import { defaultPipelines, type Pipeline } from '../../../contract/pipelines.ts'
import { fakeSettings } from '../../testing/fakeBackend.ts'
import { settingChanges } from './settingChanges.ts'

const [demonstration, standard] = defaultPipelines as [Pipeline, Pipeline]
const withPipelines = (...pipelines: Pipeline[]) => ({ ...fakeSettings, pipelines })
const command = (...words: string[]): Pipeline => ({
  ...standard,
  name: 'own',
  trainer: { kind: 'command', command: words, timeLimitMinutes: 30, settings: { token: 's3cret', pin: 'p1n', rounds: 5 } },
})

test('says what each field was and is, and nothing of those that stay', () => {
  const quiet = { ...fakeSettings.notifications.quiet, from: '21:00' }
  const next = { ...fakeSettings, inboxFolders: ['/inbox', '/more'], notifications: { ...fakeSettings.notifications, quiet } }
  expect(settingChanges(fakeSettings, next)).toEqual([
    { field: 'inboxFolders', before: '["/inbox"]', after: '["/inbox","/more"]' },
    { field: 'notifications.quiet.from', before: '22:00', after: '21:00' },
  ])
  expect(settingChanges(fakeSettings, fakeSettings)).toEqual([])
})

test('a pipeline that moves is a change of order, not of what it holds', () => {
  const moved = settingChanges(
    withPipelines(command('a'), demonstration, standard),
    withPipelines(demonstration, command('a'), standard),
  )
  expect(moved).toEqual([{ field: 'pipelines', before: 'own, demonstration, standard', after: 'demonstration, own, standard' }])
})

test('what a trainer of somebody’s own is given is told as changed and never shown', () => {
  const before = withPipelines(command('train.py', '--api-key=abc123'), standard)
  const after = withPipelines({ ...command('train.py', '--api-key=def456'), quarantineLimit: 0.1 }, standard)
  const changes = settingChanges(before, after)
  expect(changes.map(({ field }) => field)).toEqual(['pipelines.own.quarantineLimit', 'pipelines.own.trainer.command'])
  expect(JSON.stringify(changes)).not.toMatch(/abc123|def456|s3cret|p1n/)
  const boosted = withPipelines({ ...standard, name: 'own' }, standard)
  expect(JSON.stringify(settingChanges(before, boosted))).not.toMatch(/abc123|s3cret|p1n/)
  const other = command('train.py', '--api-key=abc123')
  const repinned = { ...other, trainer: { ...other.trainer, settings: { token: 's3cret', pin: '0ther', rounds: 5 } } } as Pipeline
  const changed = settingChanges(before, withPipelines(repinned, standard))
  expect(changed).toEqual([{ field: 'pipelines.own.trainer.settings', before: '[not shown]', after: '[not shown]' }])
})
