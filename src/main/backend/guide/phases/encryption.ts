import { randomUUID } from 'node:crypto'
import type { PayloadView } from '../../../../contract/model.ts'
import { instead, NotSeen, type Phase, type Sight, type Subject, seen, soon } from '../look.ts'
import { inStage, type Place, stepCompleted } from '../place.ts'

/** The field of a training's result that nobody but the operator should read. */
const secretField = 'proprietary_config'

/** Phase 5: the same pipeline in clear and encrypted, as Temporal holds it and as the operator reads it. */
export function encryption(place: Place): Phase {
  const { host } = place
  const plain = place.subject('plain')
  const sealed = place.subject('sealed')
  const switchTo = async (on: boolean) => {
    const others = place.record.switched.filter((name) => name !== 'encryption')
    place.record.switched = on ? others : [...others, 'encryption']
    place.keep()
    await host.call('keys.setEncrypting', { on })
  }
  const recorded = async (on: boolean): Promise<Sight> => {
    const { encrypting, audit } = await host.call('keys.get', {})
    if (encrypting !== on) return instead(`it is ${encrypting ? 'on' : 'off'}`)
    const latest = audit.find((entry) => entry.name === 'encryption')
    if (latest?.event !== (on ? 'on' : 'off')) throw new NotSeen('the record does not say so')
    return seen(`by ${latest.operator}`)
  }
  /** The result of the training, once there is one. */
  const trained = async (subject: Subject, read: (result: PayloadView) => Sight): Promise<Sight> => {
    const sight = await stepCompleted(subject, 'train_model')
    if ('instead' in sight) return sight
    const { workflowId } = await subject.detail()
    const [result] = (await host.call('runs.payloads', { workflowId, step: 'train_model' })).results
    if (!result) throw new NotSeen('the history holds no result')
    return read(result)
  }
  const heldAs = async (subject: Subject, state: 'plain' | 'encrypted'): Promise<Sight> => {
    const { encryption: held } = await subject.detail()
    return held?.state === state ? seen(held.keyIds.join(', ')) : instead(`it says ${held?.state ?? 'nothing'}`)
  }
  const readable = ({ json, unreadable }: PayloadView): Sight => {
    if (!json?.includes(secretField)) throw new NotSeen(unreadable ?? `there is no ${secretField}`)
    return seen()
  }
  return {
    number: 5,
    title: 'Encryption',
    about:
      'Payloads are sealed before they leave this machine: Temporal keeps them without being able to read them. The keys stay here.',
    files: ['plain', 'sealed'],
    steps: [
      {
        id: 'on-from-the-start',
        words: 'Encryption is on, as from the first start',
        within: 0,
        look: async () => {
          const { encrypting, problem, keys } = await host.call('keys.get', {})
          if (problem !== null) return instead(problem)
          if (!encrypting) return instead('it is off; switch it on under Encryption')
          return seen(keys.find((key) => key.state === 'sealing')?.id ?? 'no key has been made yet')
        },
      },
      {
        id: 'off',
        words: 'It is switched off, and that is on record',
        does: { words: 'Switch encryption off', act: () => switchTo(false) },
        within: soon,
        look: () => recorded(false),
      },
      {
        id: 'plain-file',
        words: 'A CSV is accepted',
        does: { words: `Drop ${plain.fileName}`, act: plain.submit },
        within: soon,
        subject: plain,
        look: plain.look,
      },
      {
        id: 'in-clear',
        words: `Temporal's history holds the training's result in clear, its ${secretField} included`,
        within: place.trainingSeconds,
        subject: plain,
        look: () =>
          trained(plain, (result) => {
            if (!storedText(result).includes(secretField)) throw new NotSeen(`${result.encoding}: it cannot be read there`)
            return seen(`${result.encoding}, ${result.sizeBytes} bytes that anybody with access to Temporal reads`)
          }),
      },
      {
        id: 'said-in-clear',
        words: 'The console says that this run is in clear',
        within: soon,
        subject: plain,
        look: () => heldAs(plain, 'plain'),
      },
      {
        id: 'on',
        words: 'Encryption is on again, and that is on record',
        does: { words: 'Switch encryption on', act: () => switchTo(true) },
        within: soon,
        look: () => recorded(true),
      },
      {
        id: 'sealed-file',
        words: 'A CSV is accepted',
        does: { words: `Drop ${sealed.fileName}`, act: sealed.submit },
        within: soon,
        subject: sealed,
        look: sealed.look,
      },
      {
        id: 'sealed',
        words: `Temporal's history holds the training's result sealed, and nothing of its ${secretField}`,
        within: place.trainingSeconds,
        subject: sealed,
        look: () =>
          trained(sealed, (result) => {
            const readableThere = result.encoding !== 'binary/encrypted' || storedText(result).includes(secretField)
            if (readableThere) throw new NotSeen(`it is ${result.encoding}`)
            return seen(`${result.encoding}, key ${result.keyId}`)
          }),
      },
      {
        id: 'both-read',
        words: 'The console reads both results all the same',
        within: soon,
        look: async () => {
          for (const subject of [sealed, plain]) {
            const sight = await trained(subject, readable)
            if ('instead' in sight) return sight
          }
          return seen()
        },
      },
      {
        id: 'said-sealed',
        words: 'The console says that this run is encrypted, and with which key',
        within: soon,
        subject: sealed,
        look: () => heldAs(sealed, 'encrypted'),
      },
      {
        id: 'none-waits',
        words: 'Both runs are rejected, so that none waits for a human any more',
        does: {
          words: 'Reject both',
          act: async () => {
            for (const subject of [plain, sealed]) {
              const { workflowId, decision } = await subject.detail()
              const reason = 'The guided demonstration ends it.'
              if (decision === null) {
                await host.call('runs.decide', { workflowId, decisionId: randomUUID(), decision: 'reject', reason })
              }
            }
          },
        },
        within: soon,
        look: async () => {
          for (const subject of [plain, sealed]) {
            const { decision, stage } = await subject.detail()
            if (decision?.decision === 'approve') continue
            if (stage !== 'Rejected') {
              const sight = await inStage(subject, decision ? 'Rejected' : 'AwaitingApproval')
              return 'seen' in sight ? instead('both wait for a human') : sight
            }
          }
          return seen()
        },
      },
    ],
  }
}

const storedText = ({ stored }: PayloadView) => Buffer.from(stored, 'base64').toString('latin1')
