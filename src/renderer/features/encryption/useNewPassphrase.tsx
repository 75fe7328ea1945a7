import { useState } from 'react'
import { Field } from '../../ui/Field.tsx'

const shortestPassphrase = 12

/** A passphrase that is typed twice; `problem` says why it is not one yet. */
export function useNewPassphrase({ autoFocus = true } = {}) {
  const [first, setFirst] = useState('')
  const [second, setSecond] = useState('')
  const problem =
    first.length < shortestPassphrase
      ? `At least ${shortestPassphrase} characters.`
      : first === second
        ? null
        : 'The two are not the same.'
  const fields = (
    <>
      <Field
        label="Passphrase"
        hint={`At least ${shortestPassphrase} characters. A few words are better than a strange one.`}
        type="password"
        autoComplete="new-password"
        autoFocus={autoFocus}
        value={first}
        onChange={setFirst}
      />
      <Field
        label="Once more"
        type="password"
        autoComplete="new-password"
        value={second}
        error={second !== '' && first.length >= shortestPassphrase ? problem : null}
        onChange={setSecond}
      />
    </>
  )
  const forget = () => {
    setFirst('')
    setSecond('')
  }
  return { passphrase: first, problem, fields, forget }
}
