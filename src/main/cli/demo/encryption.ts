/** Phase 5: the same pipeline in clear and encrypted, as Temporal holds it and as the operator reads it. */
import { randomUUID } from 'node:crypto'
import { isEndStage, type PayloadView } from '../../../contract/model.ts'
import type { DemoPlace, Observation, Subject } from './phases.ts'
import { instead, NotSeen, seen } from './watch.ts'

/** The field of a training's result that nobody but the operator should read. */
const secretField = 'proprietary_config'
const reason = 'The guided demonstration ends it.'

export function encryption(place: DemoPlace, plain: Subject, sealed: Subject): Observation[] {
  const { host } = place
  return [
    {
      words: 'Encryption is on, as from the first start',
      async see() {
        const { encrypting, problem, keys } = await host.call('keys.get', {})
        if (problem !== null) throw new NotSeen(problem)
        if (!encrypting) throw new NotSeen('it is off; switch it on with "gatehouse keys on"')
        return keys.find((key) => key.state === 'sealing')?.id ?? 'no key has been made yet'
      },
    },
    { words: 'It is switched off, and that is on record', see: () => switchEncryption(place, false) },
    { words: `A CSV is accepted: ${plain.fileName}`, see: () => plain.submit() },
    {
      words: `Temporal's history holds the training's result in clear, its ${secretField} included`,
      async see() {
        const result = await trainingResult(place, plain)
        const text = storedText(result)
        if (!text.includes(secretField)) throw new NotSeen(`${result.encoding}: it cannot be read there`)
        return `${result.encoding}, ${result.sizeBytes} bytes that anybody with access to Temporal reads`
      },
    },
    { words: 'The console says that this run is in clear', see: () => heldAs(plain, 'plain') },
    { words: 'Encryption is on again, and that is on record', see: () => switchEncryption(place, true) },
    { words: `A CSV is accepted: ${sealed.fileName}`, see: () => sealed.submit() },
    {
      words: `Temporal's history holds the training's result sealed, and nothing of its ${secretField}`,
      async see() {
        const result = await trainingResult(place, sealed)
        if (result.encoding !== 'binary/encrypted' || storedText(result).includes(secretField))
          throw new NotSeen(`it is ${result.encoding}`)
        return `${result.encoding}, key ${result.keyId}`
      },
    },
    {
      words: 'The console reads both results all the same',
      async see() {
        for (const subject of [sealed, plain]) {
          const { json, unreadable } = await trainingResult(place, subject)
          if (!json?.includes(secretField)) throw new NotSeen(unreadable ?? `${subject.fileName} shows no ${secretField}`)
        }
        return ''
      },
    },
    { words: 'The console says that this run is encrypted, and with which key', see: () => heldAs(sealed, 'encrypted') },
    {
      words: 'Both runs are rejected, so that none waits for a human any more',
      async see() {
        for (const subject of [plain, sealed]) {
          await subject.reaches('AwaitingApproval', soon)
          await host.call('runs.decide', { workflowId: subject.id(), decisionId: randomUUID(), decision: 'reject', reason })
          await subject.reaches('Rejected', soon)
        }
        return ''
      },
    },
  ]
}

const soon = 60

async function switchEncryption({ host, switched }: DemoPlace, on: boolean): Promise<string> {
  if (on) switched.delete('encryption')
  else switched.add('encryption')
  const { encrypting, audit } = await host.call('keys.setEncrypting', { on })
  const [latest] = audit
  if (encrypting !== on) throw new NotSeen(`it is ${encrypting ? 'on' : 'off'}`)
  if (latest?.name !== 'encryption' || latest.event !== (on ? 'on' : 'off')) throw new NotSeen('the record does not say so')
  return `by ${latest.operator}`
}

async function trainingResult({ host }: DemoPlace, subject: Subject): Promise<PayloadView> {
  await subject.watch(subject.trainingSeconds, async (run) => {
    const state = run.steps.find(({ step }) => step === 'train_model')?.state
    if (state === 'completed') return seen(run)
    if (isEndStage(run.stage)) throw new NotSeen(`the run ended: ${run.problem ?? run.stage}`)
    return instead(`train_model is ${state}`)
  })
  const { results } = await host.call('runs.payloads', { workflowId: subject.id(), step: 'train_model' })
  const [result] = results
  if (!result) throw new NotSeen('the history holds no result')
  return result
}

const storedText = ({ stored }: PayloadView) => Buffer.from(stored, 'base64').toString('latin1')

const heldAs = async (subject: Subject, state: 'plain' | 'encrypted'): Promise<string> => {
  const { encryption: held } = await subject.detail()
  if (held?.state !== state) throw new NotSeen(`it says ${held?.state ?? 'nothing'}`)
  return held.keyIds.join(', ')
}
